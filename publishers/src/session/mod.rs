//! An open store and what is known of it: makes one change at a time and notes its result. [`batch`]
//! decides which changes are made, and in which order; [`quota`] how many nodes may be ours.
//!
//! `published` changes only after a request succeeded. A failed change is in the next difference again. No
//! transactions: at a quota xenstored discards the complete transaction, and none can be committed over a suspend.

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

/// The time between two requests for what the host denied. The request is made with the next batch, so a
/// host that allows it later is noticed and one that never does costs next to nothing.
const DENIED_RETRY_INTERVAL: Duration = Duration::from_secs(600);

/// An open store and what is known of it.
pub struct Session {
    store: Box<dyn Store>,
    published: Tree,
    /// Nodes that could not be read, with the error: what they and their children hold is not known.
    unreadable: BTreeMap<String, String>,
    /// Paths that the host denied; requested again after the store was read back, or after a time.
    denied: BTreeSet<String>,
    /// The paths for which a denial was logged.
    denied_logged: BTreeSet<String>,
    /// The host denied reading something.
    read_denied: bool,
    /// When to request again what the host denied.
    retry_denied: Option<Instant>,
    quota: Quota,
    unannounced: Unannounced,
    /// A failure that may pass was logged and no batch has succeeded since.
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
    /// A store of which nothing is known yet; [`Session::read_back`] reads it.
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

    /// Closes the connection, which is lost. NetBSD's kernel keeps the state of a connection with the
    /// thread, so the old one has to be closed before a new one is opened.
    pub fn disconnect(&mut self) {
        self.store = Box::new(Closed);
    }

    /// Continues with a new connection.
    pub fn connect(&mut self, store: Box<dyn Store>) {
        self.store = store;
        self.hasten_quota_retry();
    }

    /// Reads back what the store holds now.
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

    /// Requests again what was denied long ago.
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

    /// What the store is known to hold.
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

    /// Forgets denied paths that are neither wanted nor published any more: temporary addresses would make
    /// the lists grow for ever. What was logged of a NIC is kept while that is there: the lists of its
    /// addresses are few, and may be empty between two addresses.
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

    /// Whether this path may not be changed: the host denied it, or it is not known what it holds. A node
    /// below it that is not known may be another program's, and would be removed with it.
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
