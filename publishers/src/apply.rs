//! Applies changes to an open store, one key at a time, and knows what the store holds by now.
//!
//! What is known as published advances on success only, so what failed comes again with the next
//! difference. No transactions: at a quota one loses everything, over a suspend it cannot commit.

use std::collections::{BTreeSet, VecDeque};
use std::io;

use log::{debug, info, warn};

use crate::adopt::adopt;
use crate::diff::Change;
use crate::order::{importance, is_watched, turn};
use crate::schema::Schema;
use crate::store::{Failure, Store};
use crate::tree::Tree;

/// New nodes that are tried in one batch after the store was found full: a limit may be that of one
/// directory only, while others still have room.
const TRIES_WHEN_FULL: usize = 8;

/// An open store and what is known of it.
pub struct Session {
    store: Box<dyn Store>,
    published: Tree,
    /// Paths that the store will never take.
    denied: BTreeSet<String>,
    /// A batch changed something and has not been stamped yet.
    unstamped: bool,
    full: bool,
    troubled: bool,
}

/// Whether a batch is done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The store shows what is wanted, but for what it will never take.
    Settled,
    /// Something is to be tried again later.
    Pending,
}

/// What became of one request.
enum Done {
    Yes,
    Never,
    Later,
    Full(String),
}

impl Session {
    /// A store of which nothing is known yet: [`Session::reread`] finds out.
    pub fn new(store: Box<dyn Store>) -> Self {
        let (published, denied) = (Tree::default(), BTreeSet::new());
        Self { store, published, denied, unstamped: false, full: false, troubled: false }
    }

    /// Goes on with a new connection.
    ///
    /// # Errors
    /// When that is lost too.
    pub fn reconnect(&mut self, store: Box<dyn Store>) -> io::Result<()> {
        self.store = store;
        self.reread()
    }

    /// Reads back what the store holds now.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn reread(&mut self) -> io::Result<()> {
        self.published = adopt(self.store.as_ref())?;
        self.denied.clear();
        Ok(())
    }

    /// What the store is known to hold.
    pub fn published(&self) -> &Tree {
        &self.published
    }

    /// Whether the store can be opened again when the connection is lost.
    pub fn reopens(&self) -> bool {
        self.store.reopens()
    }

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
        changes.retain(|change| !self.denied.contains(change.path()));
        changes.sort_by_key(|change| (turn(change.path()), matches!(change, Change::Write(..))));
        let touched: Vec<String> = changes.iter().map(|change| change.path().to_owned()).collect();
        let mut outcome = self.apply_all(changes.into(), wanted)?;
        if !self.unstamped && !self.lacks_stamp(schema) {
            return Ok(outcome);
        }
        self.ring(&touched, wanted, schema)?;
        if !self.stamp(wanted, schema)? {
            outcome = Outcome::Pending;
        }
        self.store.settle()?;
        Ok(outcome)
    }

    fn apply_all(&mut self, mut changes: VecDeque<Change>, wanted: &Tree) -> io::Result<Outcome> {
        let (mut outcome, mut full) = (Outcome::Settled, 0);
        let mut troubled = false;
        while let Some(change) = changes.pop_front() {
            match self.make(&change)? {
                Done::Yes => self.unstamped = true,
                Done::Never => {}
                Done::Later => (outcome, troubled) = (Outcome::Pending, true),
                Done::Full(why) => {
                    outcome = Outcome::Pending;
                    self.found_full(&why);
                    if full == 0 {
                        let first_come = changes.make_contiguous();
                        first_come.sort_by_key(|change| {
                            let is_write = matches!(change, Change::Write(..));
                            (is_write, importance(change.path(), wanted))
                        });
                    }
                    if self.make_room(importance(change.path(), wanted), wanted)? {
                        changes.push_front(change);
                    } else {
                        full += 1;
                    }
                    if full >= TRIES_WHEN_FULL {
                        // What there is already can still be changed.
                        changes.retain(|change| self.published.get(change.path()).is_some());
                    }
                }
            }
        }
        if self.full && full == 0 && outcome == Outcome::Settled {
            self.full = false;
            info!("the store has room again; everything is published");
        }
        self.troubled = troubled;
        Ok(outcome)
    }

    fn found_full(&mut self, why: &str) {
        if !std::mem::replace(&mut self.full, true) {
            warn!(
                "the store is full ({why}); what matters most is published, the rest when there is room"
            );
        }
    }

    /// Removes the least of what matters less than `than`; false when there is nothing such.
    fn make_room(&mut self, than: u8, wanted: &Tree) -> io::Result<bool> {
        let ranked = self.published.iter().map(|(path, _)| (importance(path, wanted), path));
        let Some((least, path)) = ranked.max() else { return Ok(false) };
        if least <= than {
            return Ok(false);
        }
        let change = Change::Remove(path.clone());
        Ok(matches!(self.make(&change)?, Done::Yes))
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
    fn stamp(&mut self, wanted: &Tree, schema: Schema) -> io::Result<bool> {
        if let Some(path) = schema.stamp().filter(|&path| !self.denied.contains(path)) {
            let change = Change::Write(path.to_owned(), now());
            let mut done = self.make(&change)?;
            while matches!(done, Done::Full(_))
                && self.make_room(importance(path, wanted), wanted)?
            {
                done = self.make(&change)?;
            }
            self.unstamped = matches!(done, Done::Later | Done::Full(_));
        } else {
            self.unstamped = false;
        }
        Ok(!self.unstamped)
    }

    /// Makes one change; what is known as published follows.
    fn make(&mut self, change: &Change) -> io::Result<Done> {
        let result = match change {
            Change::Remove(path) => self.store.rm(path),
            Change::Write(path, value) => self.store.write(path, value),
        };
        let path = change.path();
        match (result.map_err(Failure::from), change) {
            (Ok(()), Change::Write(_, value)) => {
                debug!("write {path} = {value:?}");
                self.published.set_raw(path, value.clone());
                Ok(Done::Yes)
            }
            (Ok(()) | Err(Failure::Absent), Change::Remove(_)) => {
                debug!("remove {path}");
                self.published.remove(path);
                Ok(Done::Yes)
            }
            (Err(Failure::Lost(error)), _) => Err(error),
            (Err(Failure::Full(why)), _) => Ok(Done::Full(why)),
            (Err(Failure::Denied(why)), _) => {
                warn!("{path}: the store refuses it ({why}); the agent does without");
                self.denied.insert(path.to_owned());
                Ok(Done::Never)
            }
            (Err(Failure::Passing(why)), _) => Ok(self.later(path, &why)),
            (Err(Failure::Absent), Change::Write(..)) => Ok(self.later(path, "ENOENT")),
        }
    }

    fn later(&mut self, path: &str, why: &str) -> Done {
        if !std::mem::replace(&mut self.troubled, true) {
            warn!("{path}: the store failed ({why}); it will be tried again");
        }
        Done::Later
    }
}

/// The time in UTC, as RFC 3339 has it, to the second.
fn now() -> String {
    let now = time::OffsetDateTime::now_utc();
    let now = now.replace_nanosecond(0).unwrap_or(now);
    now.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}
