//! The loop of collectors that read a few files: watch, collect, send if it is new, wait for a change.

use std::io;
use std::time::{Duration, Instant};

use facts::{Event, Outbox};

use crate::bounded_read::PAUSE;
use crate::failure_log::FailureLog;
use crate::poll::{PollSource, WakeReason, WakeReceiver};

/// How often to collect where changes cannot be watched.
pub const INTERVAL: Duration = Duration::from_secs(60);
/// How long to wait for more events after one: an upgrade writes several files.
const DEBOUNCE: Duration = Duration::from_millis(100);

/// A source that reports changes.
pub trait ChangeSource {
    /// The descriptors that become ready when there is an event.
    fn sources(&self) -> Vec<PollSource>;

    /// Takes the events that have come. Returns whether the fact may have changed.
    fn has_changed(&mut self) -> bool;
}

/// Sends the fact that `collect` returns, at once and after each change, until the end. `name` is the collector's
/// name in the log. Where there is no watch, it collects every `interval`.
pub fn run<F: Clone + PartialEq, W: ChangeSource>(
    (wake, outbox): (&WakeReceiver, &Outbox),
    (name, interval): (&'static str, Duration),
    new_watch: impl Fn() -> io::Result<Option<W>>,
    mut collect: impl FnMut() -> io::Result<F>,
    event: impl Fn(F) -> Event,
) {
    let mut failures = FailureLog::new(name);
    let mut sent = None;
    loop {
        // A new watch each time: a directory may have been made again, and a failure may be over. First, so that no
        // change after the collection is missed.
        let watch = new_watch();
        let fact = collect();
        failures.record(watch.as_ref().map(drop).and(fact.as_ref().map(drop)));
        let mut watch = watch.ok().flatten();
        let timeout = match (&fact, &watch) {
            (Err(_), _) => Some(PAUSE),
            (Ok(_), None) => Some(interval),
            (Ok(_), Some(_)) => None,
        };
        if let Some(fact) = fact.ok().filter(|fact| sent.as_ref() != Some(fact)) {
            outbox.send(event(fact.clone()));
            sent = Some(fact);
        }
        if wait(wake, watch.as_mut(), timeout) == WakeReason::Shutdown {
            return;
        }
    }
}

/// Waits until the fact may have changed, or for another reason to collect.
fn wait(
    wake: &WakeReceiver,
    watch: Option<&mut impl ChangeSource>,
    timeout: Option<Duration>,
) -> WakeReason {
    let Some(watch) = watch else { return wake.wait(&[], timeout) };
    let deadline = timeout.map(|timeout| Instant::now() + timeout);
    loop {
        let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        let reason = match wake.wait(&watch.sources(), left) {
            WakeReason::Ready => wake.wait(&[], Some(DEBOUNCE)),
            reason => return reason,
        };
        let is_over = deadline.is_some_and(|at| at <= Instant::now());
        if reason != WakeReason::Timeout || watch.has_changed() || is_over {
            return reason;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll::CollectorHandles;
    use crate::sys::DirWatch;
    use facts::{Service, channel};
    use std::sync::atomic::{AtomicUsize, Ordering};

    // The watch fails twice; `interval` is over in between.
    #[test]
    fn while_there_is_no_watch_each_interval_tries_it_again_and_collects() {
        let mut handles = CollectorHandles::default();
        let (wake, (outbox, inbox)) = (handles.new_receiver().unwrap(), channel());
        let (looks, handles) = (AtomicUsize::new(0), std::cell::RefCell::new(Some(handles)));
        let new_watch = || match looks.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(None::<DirWatch>),
        };
        let collect = || {
            let looks = looks.load(Ordering::Relaxed);
            if looks == 4 {
                // The shutdown.
                handles.take();
            }
            Ok(Service { boot_id: None, reboot_required: looks > 2 })
        };
        let loop_of = ("test", Duration::from_millis(1));
        run((&wake, &outbox), loop_of, new_watch, collect, Event::Service);
        drop(outbox);
        let sent = |event| matches!(event, Event::Service(service) if service.reboot_required);
        assert_eq!(inbox.iter().map(sent).collect::<Vec<_>>(), [false, true]);
        assert_eq!(looks.into_inner(), 4);
    }

    /// Ready all the time, with events that change nothing.
    struct Busy(std::fs::File);

    impl ChangeSource for Busy {
        fn sources(&self) -> Vec<PollSource> {
            vec![PollSource::PollIn(std::os::fd::AsRawFd::as_raw_fd(&self.0))]
        }

        fn has_changed(&mut self) -> bool {
            false
        }
    }

    #[test]
    fn events_that_change_nothing_do_not_put_off_the_next_try() {
        let mut handles = CollectorHandles::default();
        let wake = handles.new_receiver().unwrap();
        let mut watch = Busy(std::fs::File::open("/dev/zero").unwrap());
        let timeout = Some(DEBOUNCE * 3);
        assert_eq!(wait(&wake, Some(&mut watch), timeout), WakeReason::Timeout);
    }
}
