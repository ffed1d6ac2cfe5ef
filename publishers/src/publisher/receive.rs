//! Receives the events of the main loop, and pings the watchdog while it waits. Writes nothing.

use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{at, never, select_biased};
use facts::{Event, Inbox};

use super::{MIN_BATCH_INTERVAL, Publisher, StoreState};
use crate::guest_state::Source;

/// How long the first batch waits for the slowest collector. Usually all of them need a few milliseconds. XAPI
/// assumes that the first network keys are complete, so one batch is best.
const INITIAL_TIMEOUT: Duration = Duration::from_millis(250);

/// Why a wait is over.
enum Received {
    /// Something that may change keys.
    Wake,
    /// The time is over.
    Timeout,
    /// Every sender is gone.
    Closed,
}

impl Publisher {
    /// Receives events until each collector has sent its fact and the resume watch is registered, or until the
    /// time for that is over; false when no more will come.
    pub(super) fn receive_initial(&mut self, inbox: &Inbox) -> bool {
        let deadline = Instant::now() + INITIAL_TIMEOUT;
        while !self.state.is_complete() || self.awaits_watch {
            match self.receive(inbox, Some(deadline)) {
                Received::Wake => {}
                Received::Timeout => return true,
                Received::Closed => return false,
            }
        }
        true
    }

    /// Waits for the next event or the time to connect again, then receives all events that come before the next
    /// batch may be written; false when no more will come.
    pub(super) fn receive_batch(&mut self, inbox: &Inbox) -> bool {
        loop {
            let ping = self.watchdog.as_mut().map(|watchdog| {
                watchdog.ping();
                watchdog.due()
            });
            let until = self.reconnect.into_iter().chain(ping).min();
            match self.receive(inbox, until) {
                Received::Timeout if until != self.reconnect => {}
                Received::Timeout | Received::Wake => break,
                Received::Closed => return false,
            }
        }
        let left = self.next_batch.map(|at| at.saturating_duration_since(Instant::now()));
        thread::sleep(left.unwrap_or_default().min(MIN_BATCH_INTERVAL));
        inbox.try_iter().for_each(|event| self.apply_event(event));
        true
    }

    /// Waits for one event.
    fn receive(&mut self, inbox: &Inbox, until: Option<Instant>) -> Received {
        let timeout = until.map_or_else(never, at);
        select_biased! {
            recv(inbox) -> event => match event {
                Ok(event) => self.apply_event(event),
                Err(_) => return Received::Closed,
            },
            recv(self.reloads) -> reload => match reload {
                Ok(()) => self.reload(),
                Err(_) => self.reloads = never(),
            },
            recv(timeout) -> _ => return Received::Timeout,
        }
        Received::Wake
    }

    fn apply_event(&mut self, event: Event) {
        match &event {
            // The first says that the watch is registered: what was read before may have changed, but was announced.
            Event::ReadBack if std::mem::take(&mut self.awaits_watch) => self.read_back(),
            Event::ReadBack => self.reload(),
            Event::Memory(_) => self.is_sampled = true,
            _ => {}
        }
        self.changed.extend(Source::of(&event));
        self.state.apply(event);
    }

    fn reload(&mut self) {
        self.session.ring_once();
        self.read_back();
    }

    /// Reads the published keys back before the next batch, which need not wait: the sender of the request has just
    /// connected to xenstored, or a person has asked for it.
    fn read_back(&mut self) {
        self.reconnect = None;
        if self.store == StoreState::Known {
            self.store = StoreState::Unread;
        }
    }
}
