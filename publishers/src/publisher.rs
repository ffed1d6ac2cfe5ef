//! The main loop: take the facts that wait, render, compare, apply. Owns the store; nothing else
//! writes it.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use facts::{Event, Inbox, RecvError};
use log::{info, warn};
use thiserror::Error;

use crate::diff::diff;
use crate::guest_state::{GuestState, Source};
use crate::schema::Schema;
use crate::session::{Outcome, Session};
use crate::store::Store;
use crate::watchdog::Watchdog;
use xenstore::Backoff;

/// How long the first batch waits for the slowest collector. All of them take a few milliseconds;
/// hosts take the first network keys that they see for the whole, so one batch is best.
const INITIAL_TIMEOUT: Duration = Duration::from_millis(250);

/// The least time between two batches that change something. Of an address that flaps a thousand times a
/// second hosts see twenty states, each of which costs them a look at the whole guest.
const MIN_BATCH_INTERVAL: Duration = Duration::from_millis(50);

/// Why a publisher ended before it was told to.
#[derive(Debug, Error)]
pub enum Error {
    /// The store cannot be opened.
    #[error("cannot open the store: {0}")]
    Open(io::Error),
    /// The store is lost and does not come back.
    #[error("cannot write: {0}")]
    Lost(io::Error),
}

/// Opens the store; called again when the connection is lost.
pub type OpenStore = Box<dyn Fn() -> io::Result<Box<dyn Store>>>;

/// Keeps a store equal to the state that the facts make.
pub struct Publisher {
    schema: Schema,
    open: OpenStore,
    session: Session,
    state: GuestState,
    /// A watch tells when the store is made anew; it has to stand before the store is read back.
    has_resume_watch: bool,
    /// The store was not read back yet.
    unread: bool,
    /// The store has to be read back again.
    reread: bool,
    /// The connection is lost.
    lost: bool,
    backoff: Backoff,
    /// When to try again what failed.
    retry: Option<Instant>,
    /// Until when no more is written.
    breath: Option<Instant>,
    watchdog: Option<Watchdog>,
}

impl Publisher {
    /// Opens the store.
    ///
    /// # Errors
    /// [`Error::Open`] when it cannot be opened.
    pub fn new(schema: Schema, open: OpenStore) -> Result<Self, Error> {
        let session = Session::new(open().map_err(Error::Open)?);
        Ok(Self {
            schema,
            open,
            session,
            state: GuestState::default(),
            has_resume_watch: false,
            unread: true,
            reread: false,
            lost: false,
            backoff: Backoff::default(),
            retry: None,
            breath: None,
            watchdog: None,
        })
    }

    /// These sources are not going to tell anything.
    #[must_use]
    pub fn without(mut self, sources: &[Source]) -> Self {
        self.state.without = sources.to_vec();
        self
    }

    /// Whether there will be an [`Event::ReadBack`] once a watch on the store stands.
    #[must_use]
    pub fn has_resume_watch(mut self, watched: bool) -> Self {
        self.has_resume_watch = watched;
        self
    }

    /// Has the main loop call `feed` at least once an interval, for as long as it comes round. It
    /// does not while the store leaves a request without an answer.
    #[must_use]
    pub fn fed(mut self, interval: Duration, feed: Box<dyn FnMut()>) -> Self {
        self.watchdog = Some(Watchdog::new(interval, feed));
        self
    }

    /// Publishes what comes, until every sender is gone; says whether nothing is left to publish.
    ///
    /// # Errors
    /// When the store is lost for good.
    pub fn run(mut self, inbox: &Inbox) -> Result<Outcome, Error> {
        let mut open = self.gather_first(inbox);
        loop {
            if !(open && self.lost && self.retry.is_some_and(|at| Instant::now() < at)) {
                self.publish()?;
            }
            if !open {
                return Ok(if self.retry.is_none() {
                    Outcome::Synced
                } else {
                    Outcome::RetryLater
                });
            }
            open = self.gather(inbox);
        }
    }

    /// Takes facts until each collector has told its own and the watch stands, or had the time to.
    fn gather_first(&mut self, inbox: &Inbox) -> bool {
        let deadline = Instant::now() + INITIAL_TIMEOUT;
        while !self.state.is_complete() || (self.has_resume_watch && !self.reread) {
            match inbox.receive(Some(deadline)) {
                Ok(event) => self.take(event),
                Err(RecvError::Timeout) => return true,
                Err(RecvError::Disconnected) => return false,
            }
        }
        true
    }

    /// Takes the next fact and all that come before it may be written, or the time of the next try;
    /// false when no more will come.
    fn gather(&mut self, inbox: &Inbox) -> bool {
        match self.receive(inbox) {
            Ok(event) => self.take(event),
            Err(RecvError::Timeout) => {}
            Err(RecvError::Disconnected) => return false,
        }
        let left = self.breath.map(|end| end.saturating_duration_since(Instant::now()));
        thread::sleep(left.unwrap_or_default().min(MIN_BATCH_INTERVAL));
        inbox.waiting().for_each(|event| self.take(event));
        true
    }

    /// Waits for the next fact or the time of the next try, and feeds the watchdog.
    fn receive(&mut self, inbox: &Inbox) -> Result<Event, RecvError> {
        loop {
            let due = self.watchdog.as_mut().map(|watchdog| {
                watchdog.feed();
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
        if event == Event::ReadBack {
            // Whoever says so knows that the store is there.
            (self.reread, self.retry) = (true, None);
        }
        self.state.apply(event);
    }

    /// Brings the store up to the state. A lost connection is opened again at once, and if that
    /// does not help later.
    fn publish(&mut self) -> Result<(), Error> {
        for _ in 0..2 {
            match self.try_publish() {
                Ok(Outcome::Synced) => {
                    self.retry = None;
                    return Ok(());
                }
                Ok(Outcome::RetryLater) => break,
                Err(error) => self.lost(error)?,
            }
        }
        self.retry = Some(Instant::now() + self.backoff.next_delay());
        Ok(())
    }

    fn try_publish(&mut self) -> io::Result<Outcome> {
        if self.lost {
            self.session.connect((self.open)()?);
            self.unread = true;
        }
        if self.unread || self.reread {
            self.session.reread()?;
            (self.unread, self.reread) = (false, false);
        }
        self.session.retry_denied()?;
        let wanted = self.schema.render(&self.state, self.session.published());
        let changes = diff(self.session.published(), &wanted);
        if !changes.is_empty() {
            self.breath = Some(Instant::now() + MIN_BATCH_INTERVAL);
        }
        let outcome = self.session.apply(changes, &wanted, self.schema)?;
        if std::mem::replace(&mut self.lost, false) {
            info!("connected to the store again");
        }
        self.reread = !self.session.is_fully_known();
        Ok(outcome)
    }

    fn lost(&mut self, error: io::Error) -> Result<(), Error> {
        if !self.session.can_reconnect() {
            return Err(Error::Lost(error));
        }
        self.session.disconnect();
        if !std::mem::replace(&mut self.lost, true) {
            warn!("the connection to the store is lost: {error}; it is opened again");
        }
        Ok(())
    }
}
