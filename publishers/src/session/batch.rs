//! One batch: changes in the order that hosts expect, then the doorbell, then `data/updated`.

use std::io;
use std::time::Duration;

use log::info;

use super::{Applied, Session};
use crate::clock::Moment;
use crate::diff::Change;
use crate::keys::{Phase, root_of};
use crate::timestamp::{age, rfc3339};
use crate::wanted::MAX_NODES;

/// The age at which `data/updated` is written with a sample, as a sign of life.
const REFRESH_AGE: Duration = Duration::from_secs(600);

/// What must still be written so that hosts read the changes.
#[derive(Debug, Default)]
pub(super) struct Unannounced {
    /// The doorbell must be written: an unwatched key that hosts should read has changed, and no watched key after it,
    /// or an earlier batch may have been cut before its doorbell.
    pub(super) doorbell: bool,
    /// A key that is not a sample has changed: `data/updated` must be written.
    timestamp: bool,
}

impl Unannounced {
    fn record(&mut self, path: &str) {
        let Some(root) = root_of(path) else { return };
        self.timestamp |= !root.key_of(path).is_some_and(|key| key.is_sample);
        self.doorbell = match root.phase {
            Phase::Quiet => self.doorbell,
            Phase::Data => true,
            Phase::Service | Phase::Feature | Phase::Control | Phase::Attr => false,
        };
    }
}

impl Session {
    /// Publishes the wanted keys, as far as the limits allow, and returns whether there was something to change.
    /// `is_sampled` says whether a sample was received since the last batch.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn publish(&mut self, is_sampled: bool) -> io::Result<bool> {
        if self.denials.clear_if_old() | self.limit.reset_if_old() {
            self.wanted.compare_all();
        }
        let mut is_change = false;
        loop {
            let changes = self.changes();
            is_change |= !changes.is_empty();
            if self.apply(&changes)? && self.announce(is_sampled)? {
                break;
            }
        }
        self.wanted.tried();
        self.limit.batch_done();
        self.store.batch_done()?;
        Ok(is_change)
    }

    /// The changes that are to be made, in the order of writing. If nodes are short, all removals come first.
    fn changes(&mut self) -> Vec<Change> {
        // A node for the time, which no source wants.
        let limit = self.limit.nodes() - usize::from(self.schema.updated_key().is_some());
        let exceeded = self.wanted.exceeds_limit();
        let mut changes = self.wanted.changes(&self.published, limit);
        let is_short = self.wanted.exceeds_limit() || self.limit.is_lowered();
        if is_short && !exceeded && !self.limit.is_lowered() {
            info!("more than {MAX_NODES} nodes to publish; low-priority keys are left out");
        }
        changes.retain(|change| !self.is_blocked(change.path()));
        changes.sort_by_key(|change| {
            let is_write = matches!(change, Change::Write(..));
            (is_short && is_write, root_of(change.path()).map(|root| root.phase), is_write)
        });
        changes
    }

    /// Makes the changes; false if the limit was lowered, so that others are to be made.
    fn apply(&mut self, changes: &[Change]) -> io::Result<bool> {
        for change in changes {
            match self.apply_one(change)? {
                Applied::Done => self.unannounced.record(change.path()),
                Applied::Denied => {}
                Applied::LimitLowered => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Writes the doorbell and the time, if they are due; false if the limit was lowered.
    fn announce(&mut self, is_sampled: bool) -> io::Result<bool> {
        let bell = self.schema.doorbell().filter(|_| self.unannounced.doorbell);
        if let Some((path, value)) = bell.and_then(|path| Some((path, self.published.get(path)?))) {
            if !self.write(path, value.to_owned())? {
                return Ok(false);
            }
        }
        self.unannounced.doorbell = false;
        let now = Moment::now().unix;
        let time = self.schema.updated_key();
        if let Some(path) = time.filter(|path| self.is_time_due(path, now, is_sampled)) {
            if !self.write(path, rfc3339(now))? {
                return Ok(false);
            }
        }
        self.unannounced.timestamp = false;
        Ok(true)
    }

    fn write(&mut self, path: &str, value: String) -> io::Result<bool> {
        if self.is_blocked(path) {
            return Ok(true);
        }
        let applied = self.apply_one(&Change::Write(path.to_owned(), value))?;
        Ok(applied != Applied::LimitLowered)
    }

    fn is_time_due(&self, path: &str, now: i64, is_sampled: bool) -> bool {
        let Some(time) = self.published.get(path) else { return true };
        let is_old = || age(time, now).is_none_or(|age| age >= REFRESH_AGE);
        self.unannounced.timestamp || is_sampled && is_old()
    }
}
