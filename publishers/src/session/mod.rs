//! An open store and what is known of it: makes one change at a time and takes note of what came of
//! it. Which changes, and in which order, is for [`batch`] to say.
//!
//! What is known as published advances on success only, so what failed comes again with the next
//! difference. No transactions: at a quota one loses everything, over a suspend it cannot commit.

mod batch;
mod quota;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::{Duration, Instant};

use log::{debug, info, warn};

use crate::diff::Change;
use crate::key_tree::Tree;
use crate::read_back::{Snapshot, adopt};
use crate::store::{Closed, Failure, Store};
pub use batch::Outcome;

/// How long what the store refuses is left alone. It is asked for again with what comes next then, so
/// that a host that lets the guest write more is noticed and one that never will costs next to nothing.
const DENIED_RETRY_INTERVAL: Duration = Duration::from_secs(600);

/// An open store and what is known of it.
pub struct Session {
    store: Box<dyn Store>,
    published: Tree,
    /// Nodes of which nobody knows what they and those below them hold.
    unknown: BTreeMap<String, String>,
    /// Paths that the store will not take; asked again after it was read back, or was left alone.
    denied: BTreeSet<String>,
    /// Those that were told of.
    denied_logged: BTreeSet<String>,
    /// Something may not be read.
    hidden: bool,
    /// When to ask again for what may not be read or written.
    retry_denied: Option<Instant>,
    /// A batch changed something and has not been stamped yet.
    unstamped: bool,
    full: bool,
    transient_error: bool,
}

/// What became of one request.
enum Done {
    Applied,
    Denied,
    Retry,
    Quota(String),
}

impl Session {
    /// A store of which nothing is known yet: [`Session::reread`] finds out.
    pub fn new(store: Box<dyn Store>) -> Self {
        Self {
            store,
            published: Tree::default(),
            unknown: BTreeMap::new(),
            denied: BTreeSet::new(),
            denied_logged: BTreeSet::new(),
            hidden: false,
            retry_denied: None,
            unstamped: false,
            full: false,
            transient_error: false,
        }
    }

    /// Closes the connection, which is lost. NetBSD's kernel keeps the state of a connection with the
    /// thread, so the old one has to be closed before a new one is opened.
    pub fn disconnect(&mut self) {
        self.store = Box::new(Closed);
    }

    /// Goes on with a new connection.
    pub fn connect(&mut self, store: Box<dyn Store>) {
        self.store = store;
    }

    /// Reads back what the store holds now.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn reread(&mut self) -> io::Result<()> {
        let Snapshot { tree, hidden, unknown } = adopt(self.store.as_ref())?;
        if let (true, Some((path, why))) = (self.unknown.is_empty(), unknown.first_key_value()) {
            warn!("{path}: cannot be read back ({why}); it is left alone until it can be");
        }
        (self.published, self.hidden, self.unknown) = (tree, hidden, unknown);
        self.denied.clear();
        self.retry_denied = hidden.then(|| Instant::now() + DENIED_RETRY_INTERVAL);
        Ok(())
    }

    /// Asks again for what was refused long ago.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn retry_denied(&mut self) -> io::Result<()> {
        if self.retry_denied.is_none_or(|at| Instant::now() < at) {
            return Ok(());
        }
        if self.hidden {
            return self.reread();
        }
        self.retry_denied = None;
        self.denied.clear();
        Ok(())
    }

    /// Whether everything could be read back.
    pub fn is_fully_known(&self) -> bool {
        self.unknown.is_empty()
    }

    /// What the store is known to hold.
    pub fn published(&self) -> &Tree {
        &self.published
    }

    /// Whether the store can be opened again when the connection is lost.
    pub fn can_reconnect(&self) -> bool {
        self.store.can_reconnect()
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
                self.taken(path);
                Ok(Done::Applied)
            }
            (Ok(()) | Err(Failure::NotFound), Change::Remove(_)) => {
                debug!("remove {path}");
                self.published.remove(path);
                self.taken(path);
                Ok(Done::Applied)
            }
            (Err(Failure::Disconnected(error)), _) => Err(error),
            (Err(Failure::Quota(why)), _) => Ok(Done::Quota(why)),
            (Err(Failure::Denied(why)), _) => {
                if self.denied_logged.insert(path.to_owned()) {
                    warn!("{path}: the store refuses it ({why}); the agent does without");
                }
                self.denied.insert(path.to_owned());
                self.retry_denied.get_or_insert_with(|| Instant::now() + DENIED_RETRY_INTERVAL);
                Ok(Done::Denied)
            }
            (Err(Failure::Transient(why)), _) => Ok(self.later(path, &why)),
            (Err(Failure::NotFound), Change::Write(..)) => Ok(self.later(path, "ENOENT")),
        }
    }

    fn taken(&mut self, path: &str) {
        if self.denied_logged.remove(path) {
            info!("{path}: the store does not refuse it any more");
        }
    }

    /// Whether this path may not be touched: refused, or nobody knows what is there.
    fn is_blocked(&self, path: &str) -> bool {
        let mut above = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        self.denied.contains(path)
            || self.unknown.contains_key(path)
            || above.any(|node| self.unknown.contains_key(node))
    }

    fn later(&mut self, path: &str, why: &str) -> Done {
        if !std::mem::replace(&mut self.transient_error, true) {
            warn!("{path}: the store failed ({why}); it will be tried again");
        }
        Done::Retry
    }
}

#[cfg(test)]
mod tests;
