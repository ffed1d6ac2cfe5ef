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

use crate::wait::{Wake, Woken};
pub use sysfs::{BALLOON, look};
use uevents::Uevents;

/// How long to wait after an event for those that come with it: a driver tells of each device.
const CALM: Duration = Duration::from_millis(100);

/// Sends the drivers that sysfs shows below `root`, at once and after each change, until the end.
pub fn run(wake: &Wake, outbox: &Outbox, root: &Path) {
    // Before the first look: what changes from here on is noticed.
    let mut uevents = Uevents::listen();
    let mut sent = None;
    loop {
        let drivers = Some(look(root));
        if drivers != sent {
            sent = drivers;
            sent.iter().for_each(|drivers| outbox.send(Event::Drivers(drivers.clone())));
        }
        if !wait(wake, &mut uevents) {
            return;
        }
    }
}

/// Waits until it is worth looking again; false at the end.
fn wait(wake: &Wake, uevents: &mut Uevents) -> bool {
    loop {
        match wake.wait(&uevents.sources(), None) {
            Woken::End => return false,
            Woken::Refresh => {
                *uevents = Uevents::listen();
                return true;
            }
            Woken::Source | Woken::Timeout if !uevents.read() => {}
            Woken::Source | Woken::Timeout => {
                let woken = wake.wait(&[], Some(CALM));
                uevents.read();
                return woken != Woken::End;
            }
        }
    }
}
