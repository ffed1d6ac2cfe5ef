//! One batch: changes in the order that hosts expect, then the doorbell, then the stamp.

use std::collections::VecDeque;
use std::io;
use std::time::SystemTime;

use log::info;

use super::{Done, Session};
use crate::diff::Change;
use crate::key_tree::Tree;
use crate::order::{KeyPriorities, is_watched, turn};
use crate::schema::Schema;
use crate::timestamp::rfc3339;

/// New nodes that are tried in one batch after the store was found full: a limit may be that of one
/// directory only, while others still have room.
const TRIES_WHEN_FULL: usize = 8;

/// Whether a batch is done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The store shows what is wanted, but for what it will never take.
    Synced,
    /// Something is to be tried again later.
    RetryLater,
}

impl Session {
    /// Makes `changes`, in the order that hosts expect; then rings, then stamps.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn apply(
        &mut self,
        mut changes: Vec<Change>,
        wanted: &Tree,
        schema: Schema,
    ) -> io::Result<Outcome> {
        changes.retain(|change| !self.is_blocked(change.path()));
        changes.sort_by_key(|change| (turn(change.path()), matches!(change, Change::Write(..))));
        let touched: Vec<String> = changes.iter().map(|change| change.path().to_owned()).collect();
        let importance = KeyPriorities::of(wanted);
        let mut outcome = self.apply_all(changes.into(), &importance)?;
        if !self.unstamped && !self.lacks_stamp(schema) {
            return Ok(outcome);
        }
        self.ring(&touched, wanted, schema)?;
        if !self.stamp(&importance, schema)? {
            outcome = Outcome::RetryLater;
        }
        self.store.batch_done()?;
        Ok(outcome)
    }

    fn apply_all(
        &mut self,
        mut changes: VecDeque<Change>,
        importance: &KeyPriorities,
    ) -> io::Result<Outcome> {
        let (mut transient_error, mut found_full, mut refused) = (false, false, 0);
        while let Some(change) = changes.pop_front() {
            let done = match found_full {
                true => self.apply_evicting(&change, importance)?,
                false => self.make(&change)?,
            };
            match done {
                Done::Applied => self.unstamped = true,
                Done::Denied => {}
                Done::Retry => transient_error = true,
                Done::Quota(why) if !found_full => {
                    found_full = true;
                    self.tell_full(&why);
                    changes.push_front(change);
                    changes.make_contiguous().sort_by_cached_key(|change| {
                        let is_write = matches!(change, Change::Write(..));
                        (is_write, importance.rank(change.path()))
                    });
                }
                Done::Quota(_) => refused += 1,
            }
            if refused == TRIES_WHEN_FULL {
                // What there is already can still be changed.
                changes.retain(|change| self.published.get(change.path()).is_some());
            }
        }
        self.transient_error = transient_error;
        if transient_error || found_full || !self.is_fully_known() {
            return Ok(Outcome::RetryLater);
        }
        if std::mem::replace(&mut self.full, false) {
            info!("the store has room again; everything is published");
        }
        Ok(Outcome::Synced)
    }

    /// Writes the doorbell if nothing that hosts watch was `touched` but something they should see.
    fn ring(&mut self, touched: &[String], wanted: &Tree, schema: Schema) -> io::Result<()> {
        if touched.iter().any(|path| is_watched(path)) {
            return Ok(());
        }
        let doorbell = touched.iter().find_map(|path| schema.doorbell(path));
        if let Some((path, value)) = doorbell.and_then(|path| Some((path, wanted.get(path)?))) {
            self.make(&Change::Write(path.to_owned(), value.to_owned()))?;
        }
        Ok(())
    }

    fn lacks_stamp(&self, schema: Schema) -> bool {
        schema
            .stamp()
            .is_some_and(|path| self.published.get(path).is_none() && !self.denied.contains(path))
    }

    /// Writes the time as the last key of the batch; false when that is to be tried again.
    fn stamp(&mut self, importance: &KeyPriorities, schema: Schema) -> io::Result<bool> {
        if let Some(path) = schema.stamp().filter(|&path| !self.denied.contains(path)) {
            let change = Change::Write(path.to_owned(), rfc3339(SystemTime::now()));
            let done = self.apply_evicting(&change, importance)?;
            self.unstamped = matches!(done, Done::Retry | Done::Quota(_));
        } else {
            self.unstamped = false;
        }
        Ok(!self.unstamped)
    }
}
