//! Drivers: those of Xen's devices, as sysfs shows them, kept true by the kernel's own events.
//!
//! [`sysfs`] looks, [`uevent`] tells which of the kernel's events call for another look; the
//! platform's file listens. Nothing here wakes up by the clock.

mod sysfs;
pub mod uevent;
mod uevents;

use std::path::Path;
use std::time::Duration;

use facts::{Event, Outbox};

use crate::bounded_read;
use crate::failure_log::FailureLog;
use crate::poll::{WakeReason, WakeReceiver};
pub use sysfs::{BALLOON, list_drivers};
use uevents::Uevents;

/// How long to wait after an event for those that come with it: a driver tells of each device.
const CALM: Duration = Duration::from_millis(100);

/// Sends the drivers that sysfs shows below `root`, at once and after each change, until the end.
pub fn run(wake: &WakeReceiver, outbox: &Outbox, root: &Path) {
    // Before the first look: what changes from here on is noticed.
    let mut uevents = Uevents::listen();
    let mut failures = FailureLog::new("drivers");
    let mut sent = None;
    loop {
        let drivers = failures.record(bounded_read::check_fd_exhaustion(|| list_drivers(root)));
        let pause = drivers.is_none().then_some(bounded_read::PAUSE);
        if drivers.is_some() && drivers != sent {
            sent = drivers;
            sent.iter().for_each(|drivers| outbox.send(Event::Drivers(drivers.clone())));
        }
        if !wait(wake, &mut uevents, pause) {
            return;
        }
    }
}

/// Waits until it is worth looking again, as after `pause`; false at the end.
fn wait(wake: &WakeReceiver, uevents: &mut Uevents, pause: Option<Duration>) -> bool {
    loop {
        match wake.wait(&uevents.sources(), pause) {
            WakeReason::Shutdown => return false,
            WakeReason::Timeout => return true,
            WakeReason::Refresh => {
                *uevents = Uevents::listen();
                return true;
            }
            WakeReason::Ready if !uevents.read() => {}
            WakeReason::Ready => {
                let woken = wake.wait(&[], Some(CALM));
                uevents.read();
                return woken != WakeReason::Shutdown;
            }
        }
    }
}
