//! Service: the present boot, and whether a reboot is required.
//!
//! Debian's packages make `/run/reboot-required` if they need a reboot (Debian Policy 9.12), SUSE's libzypp makes
//! `/run/reboot-needed`. Fedora and related distributions have no such file: their dnf compares the times of all
//! packages with that of the boot, which would be too much work for an agent.

use std::path::Path;

use facts::{Event, Outbox, Service};
use log::warn;

use crate::boot_id;
use crate::bounded_read;
use crate::dir_watch::{DirEvents, DirWatch};
use crate::poll::{PollSource, WakeReceiver};
use crate::watch_loop::{self, Watch};

/// The directories of the files; the second is a link to the first except on old systems.
const DIRECTORIES: [&str; 2] = ["run", "var/run"];
/// Their names.
const FILES: [&str; 2] = ["reboot-required", "reboot-needed"];

/// Sends the boot of the system below `root`, at once and after each change, until the end.
pub fn run(wake: &WakeReceiver, outbox: &Outbox, root: &Path) {
    let collect = || bounded_read::check_fd_exhaustion(|| describe(root));
    watch_loop::run((wake, outbox), "service", || RunWatch::new(root), collect, Event::Service);
}

/// Watches the directories of the files.
struct RunWatch(Option<DirWatch>);

impl RunWatch {
    /// Watches those that exist. If that fails, it is logged.
    fn new(root: &Path) -> Self {
        let watch = DirWatch::watch(root, &DIRECTORIES, DirEvents::Entries);
        let log =
            |error| warn!("service: cannot watch /run: {error}; changes are seen only on SIGHUP");
        Self(watch.map_err(log).ok())
    }
}

impl Watch for RunWatch {
    fn sources(&self) -> Vec<PollSource> {
        self.0.iter().filter_map(DirWatch::source).collect()
    }

    fn drain(&mut self) -> bool {
        self.0.iter_mut().for_each(DirWatch::drain);
        true
    }
}

/// The boot of the system below `root`.
#[must_use]
pub fn describe(root: &Path) -> Service {
    let boot_id = boot_id::read(root);
    let asks =
        |directory| FILES.iter().any(|file| bounded_read::exists(&root.join(directory).join(file)));
    Service { boot_id, reboot_required: DIRECTORIES.into_iter().any(asks) }
}
