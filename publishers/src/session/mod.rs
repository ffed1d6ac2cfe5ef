//! An open store and its known keys: makes one change at a time and records its result. [`batch`] decides
//! which changes are made, and in which order; [`quota`] limits the number of our nodes; [`denials`] holds what is
//! not tried again for a while.
//!
//! `published` changes only after a request succeeded. A failed change is in the next difference again. There
//! are no transactions: at a quota xenstored discards the whole transaction, and none can be committed after a
//! suspend.

mod batch;
mod denials;
mod probe;
mod quota;

use std::collections::BTreeMap;
use std::io;

use log::{debug, warn};

use crate::diff::Change;
use crate::key_tree::{Tree, is_within};
use crate::read_back::{Snapshot, read_back};
use crate::store::{Closed, Failure, Store};
pub use batch::Outcome;
use batch::Unannounced;
use denials::{Denials, Denied};
use quota::Quota;
pub use quota::{MAX_NODES, RESERVE};

/// An open store and its known keys.
pub struct Session {
    store: Box<dyn Store>,
    published: Tree,
    /// Nodes that could not be read, with the error: their values and those of their children are unknown.
    unreadable: BTreeMap<String, String>,
    /// What the host denied. It is tried again after a read back, or after a time.
    denials: Denials,
    /// The host denied reading something.
    read_denied: bool,
    quota: Quota,
    unannounced: Unannounced,
    /// A transient failure was logged and no batch has succeeded since.
    transient_error: bool,
}

/// The result of one request.
enum Applied {
    Done,
    /// The host does not allow it.
    Denied,
    /// It failed and may succeed later.
    Retry,
    /// A quota is reached; the name of xenstored's error.
    Quota(String),
}

impl Session {
    /// A session that knows no keys yet; [`Session::read_back`] reads them.
    pub fn new(store: Box<dyn Store>) -> Self {
        Self {
            store,
            published: Tree::default(),
            unreadable: BTreeMap::new(),
            denials: Denials::default(),
            read_denied: false,
            quota: Quota::default(),
            unannounced: Unannounced::default(),
            transient_error: false,
        }
    }

    /// Closes the lost connection. NetBSD's kernel keeps the state of a connection per thread, so the old one
    /// must be closed before a new one is opened.
    pub fn disconnect(&mut self) {
        self.store = Box::new(Closed);
    }

    /// Continues with a new connection.
    pub fn connect(&mut self, store: Box<dyn Store>) {
        self.store = store;
        self.hasten_quota_retry();
    }

    /// Reads the keys back.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn read_back(&mut self) -> io::Result<()> {
        let Snapshot { tree, read_denied, unlisted, unreadable } = read_back(self.store.as_ref())?;
        if let (true, Some((path, why))) =
            (self.unreadable.is_empty(), unreadable.first_key_value())
        {
            warn!("{path}: read failed ({why}); subtree not changed until a read succeeds");
        }
        (self.published, self.read_denied, self.unreadable) = (tree, read_denied, unreadable);
        self.adopt_quota();
        self.denials.clear();
        if read_denied {
            self.denials.retry_later();
        }
        for (path, why) in unlisted {
            self.denials.add(path, Denied::Node, &format!("{why}, its listing is too long"));
        }
        Ok(())
    }

    /// Tries denied requests again once it is time.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn retry_denied(&mut self) -> io::Result<()> {
        if !self.denials.is_due() {
            return Ok(());
        }
        if self.read_denied {
            return self.read_back();
        }
        self.denials.clear();
        Ok(())
    }

    /// Whether everything could be read back.
    pub fn is_fully_known(&self) -> bool {
        self.unreadable.is_empty()
    }

    /// The published keys, as far as they are known.
    pub fn published(&self) -> &Tree {
        &self.published
    }

    /// The open store.
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// The number of keys that the host denied.
    pub fn denied_keys(&self) -> usize {
        self.denials.count()
    }

    /// Whether the store can be opened again when the connection is lost.
    pub fn can_reconnect(&self) -> bool {
        self.store.can_reconnect()
    }

    /// Makes one change and updates `published`.
    fn apply_one(&mut self, change: &Change) -> io::Result<Applied> {
        let result = match change {
            Change::Remove(path) => self.store.rm(path),
            Change::Write(path, value) => self.store.write(path, value),
        };
        let path = change.path();
        match (result.map_err(Failure::from), change) {
            (Ok(()), Change::Write(_, value)) => {
                debug!("write {path} = {value:?}");
                self.published.set_raw(path, value.clone());
                self.denials.allowed(path);
                Ok(Applied::Done)
            }
            (Ok(()) | Err(Failure::NotFound), Change::Remove(_)) => {
                debug!("remove {path}");
                self.published.remove(path);
                self.denials.allowed(path);
                Ok(Applied::Done)
            }
            (Err(Failure::Disconnected(error)), _) => Err(error),
            (Err(Failure::Quota(why)), Change::Write(..)) => self.write_exceeds_limit(path, why),
            // A removal creates no node, so it would not help to remove others.
            (Err(Failure::Quota(why)), Change::Remove(_)) | (Err(Failure::Denied(why)), _) => {
                self.denials.add(path, Denied::Key, &why);
                Ok(Applied::Denied)
            }
            (Err(Failure::Transient(why)), _) => Ok(self.failed(path, &why)),
            (Err(Failure::NotFound), Change::Write(..)) => Ok(self.failed(path, "ENOENT")),
        }
    }

    fn failed(&mut self, path: &str, why: &str) -> Applied {
        if !std::mem::replace(&mut self.transient_error, true) {
            warn!("{path}: xenstore request failed ({why}); retrying");
        }
        Applied::Retry
    }

    /// Whether this path may not be changed: the host denied it, or its value is unknown. An unknown node below
    /// it may be another program's, which a removal would remove too.
    fn is_blocked(&self, path: &str) -> bool {
        self.denials.holds(path)
            || self.unreadable.keys().any(|node| is_within(path, node) || is_within(node, path))
    }
}

#[cfg(test)]
mod tests;
