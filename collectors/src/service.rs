//! Service: the present boot, and whether a reboot is required.
//!
//! Debian's packages make `/run/reboot-required` if they need a reboot (Debian Policy 9.12), SUSE's libzypp makes
//! `/run/reboot-needed`. Fedora and related distributions have no such file: their dnf compares the times of all
//! packages with that of the boot, which would be too much work for an agent.

use std::path::Path;

use facts::{Event, Outbox, Service};

use crate::bounded_read;
use crate::poll::WakeReceiver;
use crate::sys::{self, DirWatch, Watched};
use crate::watch_loop;

/// The directories of the files; the second is a link to the first except on old systems.
const DIRECTORIES: [&str; 2] = ["run", "var/run"];
/// Their names.
const FILES: [&str; 2] = ["reboot-required", "reboot-needed"];

/// Sends the boot of the system below `root`, at once and after each change, until the end.
pub fn run(wake: &WakeReceiver, outbox: &Outbox, root: &Path) {
    let collect = || bounded_read::check_fd_exhaustion(|| describe(root));
    let watched =
        Watched { directories: &DIRECTORIES, is_read: |name| FILES.contains(&name), writes: false };
    let (loop_of, new_watch) = (("service", watch_loop::INTERVAL), || DirWatch::new(root, watched));
    watch_loop::run((wake, outbox), loop_of, new_watch, collect, Event::Service);
}

/// The boot of the system below `root`.
#[must_use]
pub fn describe(root: &Path) -> Service {
    let boot_id = sys::boot_id(root);
    let asks =
        |directory| FILES.iter().any(|file| bounded_read::exists(&root.join(directory).join(file)));
    Service { boot_id, reboot_required: DIRECTORIES.into_iter().any(asks) }
}
