//! Drivers of Xen's devices, read at the start, on a refresh, and at an interval.

#[cfg_attr(target_os = "freebsd", path = "freebsd.rs")]
#[cfg_attr(target_os = "netbsd", path = "netbsd.rs")]
#[cfg_attr(not(any(target_os = "freebsd", target_os = "netbsd")), path = "linux.rs")]
pub mod platform;

use std::path::Path;

use facts::{Event, Outbox};

use crate::bounded_read;
use crate::poll::WakeReceiver;
use crate::sys::DirWatch;
use crate::watch_loop;
pub use platform::list_drivers;

/// Sends the drivers of the system below `root`, at once and when they have changed, until the end.
pub fn run(wake: &WakeReceiver, outbox: &Outbox, root: &Path) {
    let collect = || bounded_read::check_fd_exhaustion(|| list_drivers(root));
    let loop_of = ("drivers", platform::INTERVAL);
    watch_loop::run((wake, outbox), loop_of, || Ok(None::<DirWatch>), collect, Event::Drivers);
}
