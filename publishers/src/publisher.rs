//! The main loop: receives events ([`receive`]), renders the keys, compares them with the published ones and
//! applies the difference. No other part of the agent writes xenstore.

mod receive;

use std::collections::BTreeSet;
use std::io;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, never};
use facts::Inbox;
use log::{info, warn};
use thiserror::Error;

use crate::clock::Moment;
use crate::guest_state::{GuestState, Source};
use crate::schema::Schema;
use crate::session::Session;
use crate::status::{self, Status};
use crate::store::Store;
use crate::watchdog::Watchdog;
use xenstore::Backoff;

/// The least time between two batches that change something. An XAPI host reads all keys of the guest after
/// each batch. If an address flaps a thousand times a second, it reads them twenty times.
const MIN_BATCH_INTERVAL: Duration = Duration::from_millis(50);

/// Why a publisher ended.
#[derive(Debug, Error)]
pub enum Error {
    /// The store cannot be opened.
    #[error("cannot open the store: {0}")]
    Open(io::Error),
    /// The connection to the store is lost and cannot be opened again.
    #[error("cannot write: {0}")]
    Lost(io::Error),
}

/// Opens the store; called again when the connection is lost.
pub type OpenStore = Box<dyn Fn() -> io::Result<Box<dyn Store>>>;

/// What is left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All wanted keys are published, except those that the host forbids and those above the agent's own limit.
    Synced,
    /// Keys are left out because of the host's quota or another of its errors.
    Incomplete,
    /// There is no connection.
    Disconnected,
}

impl Outcome {
    pub(crate) fn of(session: &Session) -> Self {
        if session.is_complete() { Self::Synced } else { Self::Incomplete }
    }
}

/// The state of the connection, and whether the published keys are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StoreState {
    /// Open. The published keys are unknown: they are read back before the next batch.
    Unread,
    /// Open. The session knows the published keys.
    Known,
    /// Lost. It is opened again, and the keys are read back, before the next batch.
    Disconnected,
}

/// Publishes the state of the guest.
pub struct Publisher {
    open: OpenStore,
    session: Session,
    state: GuestState,
    /// The sources whose facts have changed since their keys were rendered.
    changed: BTreeSet<Source>,
    /// Each message is a request to read the published keys back.
    reloads: Receiver<()>,
    /// An [`facts::Event::ReadBack`] will come as soon as the resume watch is registered.
    awaits_watch: bool,
    store: StoreState,
    /// A memory sample was received since the last batch.
    is_sampled: bool,
    /// When to connect again.
    reconnect: Option<Instant>,
    /// The earliest time of the next batch; `None` before the first change.
    next_batch: Option<Instant>,
    backoff: Backoff,
    watchdog: Option<Watchdog>,
    status: Option<Status>,
}

impl Publisher {
    /// Opens the store.
    ///
    /// # Errors
    /// [`Error::Open`] when it cannot be opened.
    pub fn new(schema: Schema, open: OpenStore) -> Result<Self, Error> {
        let session = Session::new(schema, open().map_err(Error::Open)?);
        Ok(Self {
            open,
            session,
            state: GuestState { started: Moment::now(), ..GuestState::default() },
            changed: BTreeSet::new(),
            reloads: never(),
            awaits_watch: false,
            store: StoreState::Unread,
            is_sampled: false,
            reconnect: None,
            next_batch: None,
            backoff: Backoff::default(),
            watchdog: None,
            status: None,
        })
    }

    /// These sources will send no facts.
    #[must_use]
    pub fn disabled(mut self, sources: &[Source]) -> Self {
        self.state.disabled = sources.to_vec();
        self
    }

    /// Whether there will be an [`Event::ReadBack`] once the resume watch is registered. The keys must not be
    /// read back before: a resume in between would be missed.
    #[must_use]
    pub fn has_resume_watch(mut self, has_resume_watch: bool) -> Self {
        self.awaits_watch = has_resume_watch;
        self
    }

    /// Reads the published keys back at each message. The sender needs not wait while xenstored does not answer.
    #[must_use]
    pub fn with_reloads(mut self, reloads: Receiver<()>) -> Self {
        self.reloads = reloads;
        self
    }

    /// Calls `ping` at least once an interval from the main loop. While xenstored does not answer a request,
    /// the loop waits and `ping` is not called.
    #[must_use]
    pub fn with_watchdog(mut self, interval: Duration, ping: Box<dyn FnMut()>) -> Self {
        self.watchdog = Some(Watchdog::new(interval, ping));
        self
    }

    /// Calls `send` with a line about the guest's host and the published keys after the first batch, and when
    /// it changes.
    #[must_use]
    pub fn with_status(mut self, send: Box<dyn FnMut(&str)>) -> Self {
        self.status = Some(Status::new(self.session.schema(), send));
        self
    }

    /// Publishes the events of `inbox` until every sender is gone; returns what is left to publish.
    ///
    /// # Errors
    /// When the store is lost and cannot be opened again.
    pub fn run(mut self, inbox: &Inbox) -> Result<Outcome, Error> {
        let mut is_open = self.receive_initial(inbox);
        loop {
            if !(is_open && self.waits_to_reconnect()) {
                self.publish()?;
            }
            if !is_open {
                return Ok(match self.store {
                    StoreState::Disconnected => Outcome::Disconnected,
                    StoreState::Unread | StoreState::Known => Outcome::of(&self.session),
                });
            }
            is_open = self.receive_batch(inbox);
        }
    }

    fn waits_to_reconnect(&self) -> bool {
        self.reconnect.is_some_and(|at| Instant::now() < at)
    }

    /// Publishes the state. A lost connection is opened again at once, or later if that fails.
    fn publish(&mut self) -> Result<(), Error> {
        for _ in 0..2 {
            match self.try_publish() {
                Ok(()) => {
                    self.reconnect = None;
                    return Ok(());
                }
                Err(error) => self.disconnected(error)?,
            }
        }
        if let Some(status) = &mut self.status {
            status.set(status::LOST);
        }
        self.reconnect = Some(Instant::now() + self.backoff.next_delay());
        Ok(())
    }

    fn try_publish(&mut self) -> io::Result<()> {
        let was_disconnected = self.store == StoreState::Disconnected;
        if was_disconnected {
            self.session.connect((self.open)()?);
        }
        if self.store != StoreState::Known || self.session.is_read_due() {
            self.session.read_back()?;
            if let Some(status) = &mut self.status {
                status.read_domain(self.session.store())?;
            }
            self.changed.extend(Source::ALL);
        }
        self.follow_clock();
        while let Some(source) = self.changed.pop_first() {
            self.session.want(source, &self.state);
        }
        if self.session.publish(self.is_sampled)? {
            self.next_batch = Some(Instant::now() + MIN_BATCH_INTERVAL);
        }
        self.is_sampled = false;
        if was_disconnected {
            info!("connected to xenstore again");
        }
        self.store = StoreState::Known;
        if let Some(status) = &mut self.status {
            status.update(self.session.published(), self.session.denied_keys());
        }
        Ok(())
    }

    /// The start is shown by the date of today: a board may get the time after the agent has started.
    fn follow_clock(&mut self) {
        let started = self.state.started.after_step(Moment::now());
        if std::mem::replace(&mut self.state.started, started) != started {
            self.changed.insert(Source::Service);
        }
    }

    fn disconnected(&mut self, error: io::Error) -> Result<(), Error> {
        if !self.session.can_reconnect() {
            return Err(Error::Lost(error));
        }
        self.session.disconnect();
        if std::mem::replace(&mut self.store, StoreState::Disconnected) != StoreState::Disconnected
        {
            warn!("xenstore connection lost: {error}; reconnecting");
        }
        Ok(())
    }
}
