//! Receives the events of the main loop, and pings the watchdog while it waits. Writes nothing.

use std::thread;
use std::time::{Duration, Instant};

use facts::{Event, Inbox, RecvError};

use super::{MIN_BATCH_INTERVAL, Publisher, StoreState};

/// How long the first batch waits for the slowest collector. Usually all of them need a few milliseconds. XAPI
/// assumes that the first network keys are complete, so one batch is best.
const INITIAL_TIMEOUT: Duration = Duration::from_millis(250);

impl Publisher {
    /// Takes events until each collector has sent its fact and the resume watch is registered, or until the
    /// time for that is over; false when no more will come.
    pub(super) fn receive_initial(&mut self, inbox: &Inbox) -> bool {
        let deadline = Instant::now() + INITIAL_TIMEOUT;
        let mut waits_for_watch = self.has_resume_watch;
        while !self.state.is_complete() || waits_for_watch {
            match inbox.receive(Some(deadline)) {
                Ok(event) => {
                    waits_for_watch &= event != Event::ReadBack;
                    self.take(event);
                }
                Err(RecvError::Timeout) => return true,
                Err(RecvError::Disconnected) => return false,
            }
        }
        true
    }

    /// Waits for the next event or the time of the next try, then takes all events that come before the next
    /// batch may be written; false when no more will come.
    pub(super) fn receive_batch(&mut self, inbox: &Inbox) -> bool {
        match self.receive(inbox) {
            Ok(event) => self.take(event),
            Err(RecvError::Timeout) => {}
            Err(RecvError::Disconnected) => return false,
        }
        let left = self.next_batch.map(|at| at.saturating_duration_since(Instant::now()));
        thread::sleep(left.unwrap_or_default().min(MIN_BATCH_INTERVAL));
        inbox.waiting().for_each(|event| self.take(event));
        true
    }

    /// Waits for the next event or the time of the next try, and pings the watchdog meanwhile.
    fn receive(&mut self, inbox: &Inbox) -> Result<Event, RecvError> {
        loop {
            let due = self.watchdog.as_mut().map(|watchdog| {
                watchdog.ping();
                watchdog.due()
            });
            let until = self.retry.into_iter().chain(due).min();
            match inbox.receive(until) {
                Err(RecvError::Timeout) if until != self.retry => {}
                received => return received,
            }
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::ReadBack => {
                // Its sender has just connected to xenstored, so a try need not wait.
                self.retry = None;
                self.session.hasten_quota_retry();
                if self.store == StoreState::Known {
                    self.store = StoreState::Unread;
                }
            }
            Event::Memory(_) => self.is_sampled = true,
            _ => {}
        }
        self.state.apply(event);
    }
}
