//! Drivers: those of Xen's devices, as the kernel shows them, kept true by its own events where it has any.
//!
//! [`sysfs`] looks, [`uevent`] tells which of the kernel's events call for another look; the
//! platform's file listens. Nothing here wakes up by the clock.

#[cfg_attr(target_os = "freebsd", path = "freebsd.rs")]
#[cfg_attr(target_os = "netbsd", path = "netbsd.rs")]
#[cfg_attr(not(any(target_os = "freebsd", target_os = "netbsd")), path = "linux.rs")]
mod platform;
pub mod sysfs;
pub mod uevent;
mod uevents;

use std::path::Path;
use std::time::Duration;

use facts::{Event, Outbox};

use crate::bounded_read;
use crate::failure_log::FailureLog;
use crate::poll::{WakeReason, WakeReceiver};
pub use platform::list_drivers;
pub use sysfs::BALLOON;
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
        let pause = drivers.is_none().then_some(bounded_read::PAUSE).or(Uevents::LOOK_AGAIN);
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
