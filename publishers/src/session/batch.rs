//! One batch: changes in the order that hosts expect, then the doorbell, then `data/updated`.

use std::io;
use std::time::Duration;

use super::{Applied, Session};
use crate::clock::Moment;
use crate::diff::{Change, diff};
use crate::key_tree::Tree;
use crate::schema::{QUOTA_PROBES, Schema};
use crate::selection::count_nodes;
use crate::timestamp::{age, rfc3339};
use crate::write_order::{is_watched, write_phase};

/// The age at which `data/updated` is written with a sample, as a sign of life.
const REFRESH_AGE: Duration = Duration::from_secs(600);

/// What is left to do after a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All wanted keys are published, except those that the host denies and those above the agent's own limit.
    Synced,
    /// A request failed that may succeed soon.
    RetryLater,
    /// xenstored's quota is reached: the rest is tried again in ten minutes.
    Quota,
}

/// A batch that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// What is left to do.
    pub outcome: Outcome,
    /// There was something to change.
    pub is_change: bool,
}

/// What must still be written so that hosts read the changes.
#[derive(Debug, Default)]
pub(super) struct Unannounced {
    /// An unwatched key that hosts should read has changed, and no watched key after it: the doorbell must be
    /// written.
    doorbell: bool,
    /// A key that is not a sample has changed: `data/updated` must be written.
    timestamp: bool,
}

impl Unannounced {
    fn note(&mut self, path: &str, schema: Schema) {
        // An earlier try could not remove it. No host reads it.
        if QUOTA_PROBES.contains(&path) {
            return;
        }
        self.timestamp |= !schema.is_sample(path);
        self.doorbell = match is_watched(path) {
            true => false,
            false => self.doorbell || schema.needs_doorbell(path),
        };
    }
}

/// How the requests of a batch ended.
enum End {
    Applied,
    /// Some failed and may succeed later.
    Retry,
    /// xenstored denied a node, with the name of its error.
    Quota(String),
}

impl Session {
    /// Publishes `wanted`, as far as the limits allow. `is_sampled` says whether a sample was received since
    /// the last batch.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn publish(
        &mut self,
        wanted: &Tree,
        schema: Schema,
        is_sampled: bool,
    ) -> io::Result<Batch> {
        if self.quota.is_due() && &self.select(wanted, schema) != wanted {
            self.retry_quota()?;
        }
        self.try_adopted_quota(&self.select(wanted, schema), schema)?;
        let mut is_change = false;
        loop {
            let selected = self.select(wanted, schema);
            let changes = self.ordered_changes(&selected);
            is_change |= !changes.is_empty();
            let end = self.apply(&changes, schema, is_sampled)?;
            if let End::Quota(why) = &end {
                if self.quota.lower(count_nodes(&[&self.published]), why) {
                    continue;
                }
            }
            self.denials.forget(wanted, &self.published, schema.updated_key());
            let is_in_quota = self.quota.note(&selected == wanted);
            let outcome = match end {
                End::Retry => Outcome::RetryLater,
                _ if !self.is_fully_known() => Outcome::RetryLater,
                _ if !is_in_quota => Outcome::Quota,
                _ => Outcome::Synced,
            };
            return Ok(Batch { outcome, is_change });
        }
    }

    /// The keys of `wanted` that may be published now.
    fn select(&self, wanted: &Tree, schema: Schema) -> Tree {
        self.quota.select(wanted, &self.published, self.lacks_timestamp(schema))
    }

    /// The changes that may be made, in the order of writing. If not all nodes fit at once, all removals come
    /// first.
    fn ordered_changes(&self, selected: &Tree) -> Vec<Change> {
        let mut changes = diff(&self.published, selected);
        changes.retain(|change| !self.is_blocked(change.path()));
        let is_tight = count_nodes(&[&self.published, selected]) > self.quota.limit();
        changes.sort_by_key(|change| {
            let is_write = matches!(change, Change::Write(..));
            (is_tight && is_write, write_phase(change.path()), is_write)
        });
        changes
    }

    /// Makes the changes and announces them to hosts; stops at the first node above the quota.
    fn apply(&mut self, changes: &[Change], schema: Schema, is_sampled: bool) -> io::Result<End> {
        let mut is_failed = false;
        for change in changes {
            match self.apply_one(change)? {
                Applied::Done => self.unannounced.note(change.path(), schema),
                Applied::Denied => {}
                Applied::Retry => is_failed = true,
                Applied::Quota(why) => return Ok(End::Quota(why)),
            }
        }
        self.transient_error = is_failed;
        is_failed |= !self.write_doorbell(schema)?;
        let end = self.write_timestamp(schema, is_sampled)?;
        self.store.batch_done()?;
        Ok(match end {
            End::Applied if is_failed => End::Retry,
            end => end,
        })
    }

    /// Writes the doorbell if it is due; false if it must be tried again.
    fn write_doorbell(&mut self, schema: Schema) -> io::Result<bool> {
        let held = schema.doorbell().and_then(|path| Some((path, self.published.get(path)?)));
        let Some((path, value)) = held.filter(|_| self.unannounced.doorbell) else {
            return Ok(true);
        };
        let done = self.apply_one(&Change::Write(path.to_owned(), value.to_owned()))?;
        self.unannounced.doorbell = matches!(done, Applied::Retry);
        Ok(!self.unannounced.doorbell)
    }

    /// The time until a sample must update `data/updated`; `None` in a schema without it, or if the host denies
    /// it.
    pub fn refresh_in(&self, schema: Schema, now: i64) -> Option<Duration> {
        let path = self.writable_timestamp(schema)?;
        let written = self.published.get(path).and_then(|text| age(text, now));
        Some(written.map_or(Duration::ZERO, |age| REFRESH_AGE.saturating_sub(age)))
    }

    fn lacks_timestamp(&self, schema: Schema) -> bool {
        self.writable_timestamp(schema).is_some_and(|path| self.published.get(path).is_none())
    }

    /// The key of `data/updated`, if the schema has it and the host and the limit allow to write it.
    fn writable_timestamp(&self, schema: Schema) -> Option<&'static str> {
        let is_allowed = |path: &&str| {
            !self.denials.holds(path)
                && (self.quota.limit() > 0 || self.published.get(path).is_some())
        };
        schema.updated_key().filter(is_allowed)
    }

    /// Writes the time as the last key of the batch: after a change that is not a sample, or with a sample if
    /// the published time is old.
    fn write_timestamp(&mut self, schema: Schema, is_sampled: bool) -> io::Result<End> {
        let now = Moment::now().unix;
        let Some(path) = self.writable_timestamp(schema) else {
            self.unannounced.timestamp = false;
            return Ok(End::Applied);
        };
        let is_old = self.refresh_in(schema, now).is_some_and(|left| left.is_zero());
        if !(self.unannounced.timestamp || self.lacks_timestamp(schema) || is_sampled && is_old) {
            return Ok(End::Applied);
        }
        let end = match self.apply_one(&Change::Write(path.to_owned(), rfc3339(now)))? {
            Applied::Done | Applied::Denied => End::Applied,
            Applied::Retry => End::Retry,
            Applied::Quota(why) => End::Quota(why),
        };
        self.unannounced.timestamp = !matches!(end, End::Applied);
        Ok(end)
    }
}
