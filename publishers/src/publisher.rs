//! The main loop: takes the events that wait, renders the keys, compares, applies. It owns the store; no
//! other part of the agent writes to it. [`receive`] takes the events.

mod receive;

use std::io;
use std::time::{Duration, Instant};

use facts::Inbox;
use log::{info, warn};
use thiserror::Error;

use crate::clock::Moment;
use crate::guest_state::{GuestState, Source};
use crate::schema::Schema;
use crate::session::{Outcome, Session};
use crate::store::Store;
use crate::watchdog::Watchdog;
use xenstore::Backoff;

/// The least time between two batches that change something. An XAPI host reads all keys of the guest after
/// each batch; of an address that flaps a thousand times a second it sees twenty states.
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

/// What the publisher knows of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StoreState {
    /// It is open. What it holds is not known, or not completely: it is read back before the next batch.
    Unread,
    /// It is open and holds what the session has as published.
    Known,
    /// The connection is lost. It is opened again, and the store read back, before the next batch.
    Disconnected,
}

/// Keeps a store equal to the state that the facts make.
pub struct Publisher {
    schema: Schema,
    open: OpenStore,
    session: Session,
    state: GuestState,
    /// An [`Event::ReadBack`] will come as soon as the resume watch is registered.
    has_resume_watch: bool,
    store: StoreState,
    /// A sample of the memory came since the last batch.
    is_sampled: bool,
    /// What the last batch left to do.
    outcome: Outcome,
    /// When to try again what it left.
    retry: Option<Instant>,
    /// The earliest time of the next batch; `None` where nothing was changed yet.
    next_batch: Option<Instant>,
    backoff: Backoff,
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
            state: GuestState { started: Moment::now(), ..GuestState::default() },
            has_resume_watch: false,
            store: StoreState::Unread,
            is_sampled: false,
            outcome: Outcome::Synced,
            retry: None,
            next_batch: None,
            backoff: Backoff::default(),
            watchdog: None,
        })
    }

    /// These sources will send no facts.
    #[must_use]
    pub fn without(mut self, sources: &[Source]) -> Self {
        self.state.without = sources.to_vec();
        self
    }

    /// Whether there will be an [`Event::ReadBack`] once a watch on the store is registered. The store must
    /// not be read back before: one that is recreated in between would not be noticed.
    #[must_use]
    pub fn has_resume_watch(mut self, has_resume_watch: bool) -> Self {
        self.has_resume_watch = has_resume_watch;
        self
    }

    /// Calls `feed` at least once an interval from the main loop. While the store does not answer a request,
    /// the loop stands still and `feed` is not called.
    #[must_use]
    pub fn fed(mut self, interval: Duration, feed: Box<dyn FnMut()>) -> Self {
        self.watchdog = Some(Watchdog::new(interval, feed));
        self
    }

    /// Publishes the events of `inbox` until every sender is gone; says what is left to publish.
    ///
    /// # Errors
    /// When the store is lost and cannot be opened again.
    pub fn run(mut self, inbox: &Inbox) -> Result<Outcome, Error> {
        let mut is_open = self.receive_initial(inbox);
        loop {
            if !(is_open && self.waits_to_reconnect()) {
                self.publish()?;
                inbox.set_published_memory(self.published_memory());
            }
            if !is_open {
                return Ok(self.outcome);
            }
            is_open = self.receive_batch(inbox);
        }
    }

    fn waits_to_reconnect(&self) -> bool {
        self.store == StoreState::Disconnected && self.retry.is_some_and(|at| Instant::now() < at)
    }

    /// Makes the store show the state. A lost connection is opened again at once, and where that fails,
    /// later.
    fn publish(&mut self) -> Result<(), Error> {
        for _ in 0..2 {
            match self.try_publish() {
                Ok(outcome) => {
                    self.outcome = outcome;
                    self.retry = match outcome {
                        Outcome::Synced => None,
                        Outcome::Quota => self.session.quota_retry(),
                        Outcome::RetryLater => Some(Instant::now() + self.backoff.next_delay()),
                    };
                    return Ok(());
                }
                Err(error) => self.disconnected(error)?,
            }
        }
        self.outcome = Outcome::RetryLater;
        self.retry = Some(Instant::now() + self.backoff.next_delay());
        Ok(())
    }

    fn try_publish(&mut self) -> io::Result<Outcome> {
        let was_disconnected = self.store == StoreState::Disconnected;
        if was_disconnected {
            self.session.connect((self.open)()?);
        }
        if self.store != StoreState::Known {
            self.session.read_back()?;
        }
        self.session.retry_denied()?;
        self.state.started = self.state.started.after_step(Moment::now());
        let wanted = self.schema.render(&self.state, self.session.published());
        let batch = self.session.publish(&wanted, self.schema, self.is_sampled)?;
        self.is_sampled = false;
        if batch.is_change {
            self.next_batch = Some(Instant::now() + MIN_BATCH_INTERVAL);
        }
        if was_disconnected {
            info!("connected to xenstore again");
        }
        let is_known = self.session.is_fully_known();
        self.store = if is_known { StoreState::Known } else { StoreState::Unread };
        Ok(batch.outcome)
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

    /// What the store shows of the memory, and when the next sample is needed whatever it says.
    fn published_memory(&self) -> Option<facts::PublishedMemory> {
        let balloon = self.state.memory.as_ref()?.balloon;
        let (total, available) = self.schema.memory_keys()?;
        let figure = |path| facts::decimal(self.session.published().get(path)?);
        let memory =
            facts::Memory { total: figure(total)?, available: figure(available)?, balloon };
        let refresh = self.session.refresh_in(self.schema, Moment::now().unix);
        Some(facts::PublishedMemory { memory, due: refresh.map(|left| Instant::now() + left) })
    }
}
