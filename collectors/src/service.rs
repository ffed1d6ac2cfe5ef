//! Service: since when the agent runs, in which boot, and whether that boot should end.
//!
//! Debian's packages ask for a reboot by making `/run/reboot-required` (Debian Policy 9.12), SUSE's
//! libzypp by `/run/reboot-needed`. Fedora's kin have no such file: their dnf finds out by comparing
//! all packages with the time of the boot, which is not for an agent to do.

use std::path::Path;
use std::time::{Duration, SystemTime};

use facts::{Event, Outbox, Service};
use log::warn;

use crate::boot_id;
use crate::bounded_read;
use crate::dir_watch::{DirEvents, DirWatch};
use crate::failure_log::FailureLog;
use crate::poll::{WakeReason, WakeReceiver};

/// Where the files are; the second is a link to the first but on old systems.
const DIRECTORIES: [&str; 2] = ["run", "var/run"];
/// What they are called.
const FILES: [&str; 2] = ["reboot-required", "reboot-needed"];

/// How long to wait after a change for those that come with it.
const CALM: Duration = Duration::from_millis(100);

/// Sends what the system below `root` says of its boot, at once and after each change, until the end.
pub fn run(wake: &WakeReceiver, outbox: &Outbox, root: &Path) {
    let started = SystemTime::now();
    // Before the first look: what changes from here on is noticed.
    let mut directories = watch(root);
    let mut failures = FailureLog::new("service");
    let mut sent = None;
    loop {
        let service =
            failures.record(bounded_read::check_fd_exhaustion(|| describe(root, started)));
        let pause = service.is_none().then_some(bounded_read::PAUSE);
        if service.is_some() && service != sent {
            sent = service;
            sent.iter().for_each(|service| outbox.send(Event::Service(service.clone())));
        }
        let sources: Vec<_> = directories.iter().filter_map(DirWatch::source).collect();
        let mut woken = wake.wait(&sources, pause);
        if woken == WakeReason::Ready {
            woken = wake.wait(&[], Some(CALM));
            directories.iter_mut().for_each(DirWatch::drain);
        }
        match woken {
            WakeReason::Shutdown => return,
            // What was not there to be watched may be now.
            WakeReason::Refresh => directories = watch(root),
            WakeReason::Ready | WakeReason::Timeout => {}
        }
    }
}

/// Watches what is there. Where that is not possible it is said; a refresh finds changes.
fn watch(root: &Path) -> Option<DirWatch> {
    let watch = DirWatch::watch(root, &DIRECTORIES, DirEvents::Entries);
    let told =
        |error| warn!("service: /run cannot be watched: {error}; a change shows on a reload");
    watch.map_err(told).ok()
}

/// The boot of the system below `root`, as it is served since `started`.
#[must_use]
pub fn describe(root: &Path, started: SystemTime) -> Service {
    let boot_id = boot_id::read(root);
    let asks = |directory| FILES.iter().any(|file| root.join(directory).join(file).exists());
    Service { started, boot_id, reboot_required: DIRECTORIES.into_iter().any(asks) }
}
