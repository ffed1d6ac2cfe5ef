//! Memory: samples of the total and the available memory.
//!
//! The interval starts at the end of a sample and is counted on the monotonic clock, which stops during a
//! suspend. So there is never a burst of samples.

#[cfg_attr(target_os = "freebsd", path = "freebsd.rs")]
#[cfg_attr(target_os = "netbsd", path = "netbsd.rs")]
#[cfg_attr(not(any(target_os = "freebsd", target_os = "netbsd")), path = "sysinfo.rs")]
mod platform;
pub mod vm_stats;

use std::path::Path;
use std::time::Duration;

use facts::{Event, Outbox};

use crate::failure_log::FailureLog;
use crate::poll::{WakeReason, WakeReceiver};
pub use platform::Source;

/// Sends a sample of the memory of the system below `root` every `interval`, until the end. The publisher writes
/// nothing for one that has moved too little.
pub fn run(wake: &WakeReceiver, outbox: &Outbox, root: &Path, interval: Duration) {
    let mut source = Source::new(root);
    let mut failures = FailureLog::new("memory");
    loop {
        if let Some(memory) = failures.record(source.sample()) {
            outbox.send(Event::Memory(memory));
        }
        match wake.wait(&[], Some(interval)) {
            WakeReason::Shutdown => return,
            WakeReason::Refresh => source = Source::new(root),
            WakeReason::Ready | WakeReason::Timeout => {}
        }
    }
}
