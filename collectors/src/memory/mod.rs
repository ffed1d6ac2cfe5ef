//! Memory: how much the guest has and how much of it is free to take, sampled.
//!
//! The only collector that wakes up by the clock. The time between samples is counted from the end
//! of the last one, on a clock that a suspend or a changed date does not move: never a burst.

mod meminfo;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "elsewhere.rs")]
mod platform;

use std::path::Path;
use std::time::Duration;

use facts::{Event, Outbox};

use crate::health::Health;
use crate::wait::{Wake, Woken};
pub use platform::Source;

/// Samples the memory of the system below `root` every `interval` and sends it, until the end.
pub fn run(wake: &Wake, outbox: &Outbox, root: &Path, interval: Duration) {
    let mut source = Source::new(root);
    let mut health = Health::new("memory");
    loop {
        if let Some(memory) = health.note(source.sample()) {
            outbox.send(Event::Memory(memory));
        }
        match wake.wait(&[], Some(interval)) {
            Woken::End => return,
            Woken::Refresh => source = Source::new(root),
            Woken::Source | Woken::Timeout => {}
        }
    }
}
