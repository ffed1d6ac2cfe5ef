//! Linux: poll(2) reports a changed table of mounts or swaps.

mod usage;

use std::path::Path;
use std::time::{Duration, Instant};

use facts::{Event, Outbox};

use super::tracker::Tracker;
use crate::poll::{WakeReason, WakeReceiver};

/// How long to wait after a change for more of them.
const DEBOUNCE: Duration = Duration::from_millis(100);
/// When to look up devices once more after a change: udev reads a device while it is being mounted and
/// writes its database a moment later.
const UDEV_DELAY: Duration = Duration::from_secs(2);

/// Sends the volumes of the system below `root` at once, after each change, and every `interval` if their
/// free space changed, until the end.
pub fn run(wake: &WakeReceiver, outbox: &Outbox, root: &Path, interval: Duration) {
    let new = || {
        let resolver = usage::Resolver::new(root);
        let mut tracker = Tracker::new(root, Box::new(move |path| resolver.read_usage(path)));
        tracker.look_up();
        tracker
    };
    let mut tracker = new();
    let mut look_up_again = true;
    loop {
        if let Some(disks) = tracker.take_changed() {
            outbox.send(Event::Disks(disks));
        }
        let timeout = if look_up_again { UDEV_DELAY.min(interval) } else { interval };
        look_up_again = match wait(&mut tracker, wake, timeout) {
            WakeReason::Shutdown => return,
            WakeReason::Refresh => {
                tracker = new();
                true
            }
            WakeReason::Ready => {
                tracker.look_up();
                true
            }
            WakeReason::Timeout if look_up_again => {
                tracker.look_up();
                false
            }
            WakeReason::Timeout => tracker.sample(),
        };
    }
}

/// Waits until mounts of volumes or swaps have changed, or for another reason to wake up.
fn wait(tracker: &mut Tracker, wake: &WakeReceiver, timeout: Duration) -> WakeReason {
    let deadline = Instant::now() + timeout;
    let sources = tracker.sources();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match wake.wait(&sources, Some(left)) {
            // poll(2) has consumed the event. After the debounce the tables are read once.
            WakeReason::Ready => match wake.wait(&[], Some(DEBOUNCE)) {
                WakeReason::Timeout if tracker.has_changed() => return WakeReason::Ready,
                // Samples are taken also while other mounts change all the time.
                WakeReason::Timeout if Instant::now() >= deadline => return WakeReason::Timeout,
                WakeReason::Timeout => {}
                other => return other,
            },
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests;
