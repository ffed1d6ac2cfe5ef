//! The loop of collectors whose sources report changes: collect, compare, send, wait, debounce, drain.

use std::io;
use std::time::Duration;

use facts::{Event, Outbox};

use crate::bounded_read::PAUSE;
use crate::failure_log::FailureLog;
use crate::poll::{PollSource, WakeReason, WakeReceiver};

/// How long to wait for more events after one: an upgrade writes several files, and a driver causes an event
/// for each of its devices.
const DEBOUNCE: Duration = Duration::from_millis(100);

/// A source that reports changes.
pub trait Watch {
    /// How often to collect without an event; `None` if the kernel reports every change.
    const INTERVAL: Option<Duration> = None;

    /// The descriptors that become ready when there is an event.
    fn sources(&self) -> Vec<PollSource>;

    /// Discards the events that have come. Returns whether the fact may have changed.
    fn drain(&mut self) -> bool;
}

/// Sends the fact that `collect` returns, at once and after each change, until the end. `name` is the
/// collector's name in the log.
pub fn run<F: Clone + PartialEq, W: Watch>(
    (wake, outbox): (&WakeReceiver, &Outbox),
    name: &'static str,
    new_watch: impl Fn() -> W,
    mut collect: impl FnMut() -> io::Result<F>,
    event: impl Fn(F) -> Event,
) {
    // Before the first collect, so that no change after it is missed.
    let mut watch = new_watch();
    let mut failures = FailureLog::new(name);
    let mut sent = None;
    loop {
        let fact = failures.record(collect());
        let timeout = if fact.is_some() { W::INTERVAL } else { Some(PAUSE) };
        if fact.is_some() && fact != sent {
            sent = fact;
            sent.iter().cloned().map(&event).for_each(|event| outbox.send(event));
        }
        match wait(wake, &mut watch, timeout) {
            WakeReason::Shutdown => return,
            // A directory that did not exist may exist now.
            WakeReason::Refresh => watch = new_watch(),
            WakeReason::Ready | WakeReason::Timeout => {}
        }
    }
}

fn wait(wake: &WakeReceiver, watch: &mut impl Watch, timeout: Option<Duration>) -> WakeReason {
    loop {
        match wake.wait(&watch.sources(), timeout) {
            WakeReason::Ready if !watch.drain() => {}
            WakeReason::Ready => {
                let reason = wake.wait(&[], Some(DEBOUNCE));
                watch.drain();
                return reason;
            }
            reason => return reason,
        }
    }
}
