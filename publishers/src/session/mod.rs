//! An open store and its known keys: makes one change at a time and records its result. [`batch`] decides
//! which changes are made, and in which order; [`quota`] limits the number of our nodes.
//!
//! `published` changes only after a request succeeded. A failed change is in the next difference again. There
//! are no transactions: at a quota xenstored discards the whole transaction, and none can be committed after a
//! suspend.

mod batch;
mod quota;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::{Duration, Instant};

use log::{debug, info, warn};

use crate::diff::Change;
use crate::key_tree::Tree;
use crate::read_back::{Snapshot, read_back};
use crate::schema::{nic_of, reported_as};
use crate::store::{Closed, Failure, Store};
pub use batch::Outcome;
use batch::Unannounced;
use quota::Quota;

/// The time between two tries of a denied request. The try is made with the next batch, so a request that is
/// never allowed costs next to nothing.
const DENIED_RETRY_INTERVAL: Duration = Duration::from_secs(600);

/// An open store and its known keys.
pub struct Session {
    store: Box<dyn Store>,
    published: Tree,
    /// Nodes that could not be read, with the error: their values and those of their children are unknown.
    unreadable: BTreeMap<String, String>,
    /// Paths that the host denied. They are tried again after a read back, or after a time.
    denied: BTreeSet<String>,
    /// The paths for which a denial was logged.
    denied_logged: BTreeSet<String>,
    /// The host denied reading something.
    read_denied: bool,
    /// When to try denied requests again.
    retry_denied: Option<Instant>,
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
            denied: BTreeSet::new(),
            denied_logged: BTreeSet::new(),
            read_denied: false,
            retry_denied: None,
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
        let Snapshot { tree, read_denied, unreadable } = read_back(self.store.as_ref())?;
        if let (true, Some((path, why))) =
            (self.unreadable.is_empty(), unreadable.first_key_value())
        {
            warn!("{path}: read failed ({why}); subtree not changed until a read succeeds");
        }
        (self.published, self.read_denied, self.unreadable) = (tree, read_denied, unreadable);
        self.denied.clear();
        self.retry_denied = read_denied.then(|| Instant::now() + DENIED_RETRY_INTERVAL);
        Ok(())
    }

    /// Tries denied requests again once it is time.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn retry_denied(&mut self) -> io::Result<()> {
        if self.retry_denied.is_none_or(|at| Instant::now() < at) {
            return Ok(());
        }
        if self.read_denied {
            return self.read_back();
        }
        self.retry_denied = None;
        self.denied.clear();
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
                self.allowed(path);
                Ok(Applied::Done)
            }
            (Ok(()) | Err(Failure::NotFound), Change::Remove(_)) => {
                debug!("remove {path}");
                self.published.remove(path);
                self.allowed(path);
                Ok(Applied::Done)
            }
            (Err(Failure::Disconnected(error)), _) => Err(error),
            (Err(Failure::Quota(why)), _) => Ok(Applied::Quota(why)),
            (Err(Failure::Denied(why)), _) => {
                self.denied(path, &why);
                Ok(Applied::Denied)
            }
            (Err(Failure::Transient(why)), _) => Ok(self.failed(path, &why)),
            (Err(Failure::NotFound), Change::Write(..)) => Ok(self.failed(path, "ENOENT")),
        }
    }

    fn denied(&mut self, path: &str, why: &str) {
        let reported = reported_as(path);
        if self.denied_logged.insert(reported.to_owned()) {
            warn!(
                "{reported}: denied by xenstored ({why}); skipped, retried after 10 minutes or on SIGHUP"
            );
        }
        self.denied.insert(path.to_owned());
        self.retry_denied.get_or_insert_with(|| Instant::now() + DENIED_RETRY_INTERVAL);
    }

    fn allowed(&mut self, path: &str) {
        let reported = reported_as(path);
        if self.denied_logged.remove(reported) {
            info!("{reported}: no longer denied by xenstored");
        }
    }

    fn failed(&mut self, path: &str, why: &str) -> Applied {
        if !std::mem::replace(&mut self.transient_error, true) {
            warn!("{path}: xenstore request failed ({why}); retrying");
        }
        Applied::Retry
    }

    /// Forgets denied paths that are not wanted and not published any more: with temporary addresses the lists
    /// would grow for ever. A list of a NIC's addresses that was logged is kept as long as the NIC exists: there
    /// are few such lists, and one may be empty between two addresses.
    fn forget_denied(&mut self, wanted: &Tree, updated_key: Option<&str>) {
        let (denied, logged, published) =
            (&mut self.denied, &mut self.denied_logged, &self.published);
        let matters = |path: &String| {
            wanted.has_subtree(path) || published.has_subtree(path) || updated_key == Some(path)
        };
        denied.retain(matters);
        let is_of_a_nic = |path: &str| nic_of(path).is_some_and(|nic| wanted.has_subtree(nic));
        logged.retain(|path| matters(path) || is_of_a_nic(path));
    }

    /// Whether this path may not be changed: the host denied it, or its value is unknown. An unknown node below
    /// it may be another program's, which a removal would remove too.
    fn is_blocked(&self, path: &str) -> bool {
        let is_within = |node: &str, other: &str| {
            node.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.denied.contains(path)
            || self.unreadable.keys().any(|node| is_within(path, node) || is_within(node, path))
    }
}

#[cfg(test)]
mod tests;
