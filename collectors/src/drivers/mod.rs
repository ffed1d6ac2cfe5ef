//! Drivers of Xen's devices, collected again when the kernel reports a change.
//!
//! [`sysfs`] reads them on Linux. [`uevents`] receives the kernel's events, which a filter in the kernel has
//! selected, and [`uevent`] checks each of them once more.

#[cfg_attr(target_os = "freebsd", path = "freebsd.rs")]
#[cfg_attr(target_os = "netbsd", path = "netbsd.rs")]
#[cfg_attr(not(any(target_os = "freebsd", target_os = "netbsd")), path = "linux.rs")]
mod platform;
pub mod sysfs;
pub mod uevent;
mod uevents;

use std::path::Path;

use facts::{Event, Outbox};

use crate::bounded_read;
use crate::poll::WakeReceiver;
use crate::watch_loop;
pub use platform::list_drivers;
pub use sysfs::BALLOON;
use uevents::Uevents;

/// Sends the drivers of the system below `root`, at once and after each change, until the end.
pub fn run(wake: &WakeReceiver, outbox: &Outbox, root: &Path) {
    let collect = || bounded_read::check_fd_exhaustion(|| list_drivers(root));
    watch_loop::run((wake, outbox), "drivers", Uevents::subscribe, collect, Event::Drivers);
}
