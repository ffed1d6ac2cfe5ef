//! An open store and its known keys: makes one change at a time and records its result. [`batch`] decides
//! when changes are made and announced; [`limit`] is the number of our nodes; [`denials`] has what is not tried
//! again for a while.
//!
//! `published` changes only after a request succeeded. A failed change is in a later difference again. There
//! are no transactions: at a quota xenstored discards the whole transaction, and none can be committed after a
//! suspend.

mod batch;
mod denials;
mod limit;

use std::collections::BTreeMap;
use std::io;

use log::{debug, warn};
use xenstore::Error;

use crate::diff::{Change, topmost_stale};
use crate::guest_state::{GuestState, Source};
use crate::key_tree::{Tree, is_within};
use crate::keys::root_of;
use crate::read_back::{Snapshot, read_back};
use crate::schema::Schema;
use crate::selection::count_nodes;
use crate::store::{Closed, Store};
use crate::wanted::Wanted;
use batch::Unannounced;
use denials::Denials;
use limit::NodeLimit;
pub use limit::RESERVE;

/// An open store and its known keys.
pub struct Session {
    schema: Schema,
    store: Box<dyn Store>,
    published: Tree,
    /// Nodes that could not be read, with the error. They are not changed until a read back succeeds.
    unreadable: BTreeMap<String, String>,
    wanted: Wanted,
    denials: Denials,
    limit: NodeLimit,
    unannounced: Unannounced,
}

/// The result of one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Applied {
    Done,
    /// xenstored does not make it.
    Denied,
    /// A quota is reached: the limit of our nodes is lower now.
    LimitLowered,
}

impl Session {
    /// A session that knows no keys yet; [`Session::read_back`] reads them.
    pub fn new(schema: Schema, store: Box<dyn Store>) -> Self {
        let mut session = Self {
            schema,
            store: Box::new(Closed),
            published: Tree::default(),
            unreadable: BTreeMap::new(),
            wanted: Wanted::new(schema),
            denials: Denials::default(),
            limit: NodeLimit::default(),
            unannounced: Unannounced::default(),
        };
        session.connect(store);
        session
    }

    /// Closes the lost connection. NetBSD's kernel keeps the state of a connection per thread, so the old one
    /// must be closed before a new one is opened.
    pub fn disconnect(&mut self) {
        self.store = Box::new(Closed);
    }

    /// Continues with a new connection.
    pub fn connect(&mut self, store: Box<dyn Store>) {
        self.store = store;
        self.ring_once();
    }

    /// Makes the next batch write the doorbell, whatever it changes: a batch before may have been cut.
    pub fn ring_once(&mut self) {
        self.unannounced.doorbell = true;
    }

    /// Reads the keys back, and tries everything again that was denied or left out.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn read_back(&mut self) -> io::Result<()> {
        let Snapshot { tree, unreadable } = read_back(self.store.as_ref())?;
        if let (true, Some((path, why))) =
            (self.unreadable.is_empty(), unreadable.first_key_value())
        {
            warn!(
                "{path}: read failed ({why}); not changed, read again after 10 minutes or on SIGHUP"
            );
        }
        (self.published, self.unreadable) = (tree, unreadable);
        self.denials.clear();
        if !self.unreadable.is_empty() {
            self.denials.retry_later();
        }
        self.limit.reset();
        Ok(())
    }

    /// Whether it is time to read nodes again that could not be read.
    pub fn is_read_due(&self) -> bool {
        !self.unreadable.is_empty() && self.denials.is_due()
    }

    /// Renders the keys of a source that is known.
    pub fn want(&mut self, source: Source, state: &GuestState) {
        self.wanted.render(source, state, &self.published);
    }

    /// Renders the keys of each source that is known.
    pub fn want_all(&mut self, state: &GuestState) {
        Source::ALL.into_iter().for_each(|source| self.want(source, state));
    }

    /// The layout of the keys.
    pub fn schema(&self) -> Schema {
        self.schema
    }

    /// The published keys, as far as they are known.
    pub fn published(&self) -> &Tree {
        &self.published
    }

    /// The open store.
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// The number of wanted keys that xenstored denies.
    pub fn denied_keys(&self) -> usize {
        self.denials.paths().filter(|path| self.wanted.has_subtree(path)).count()
    }

    /// Whether all wanted keys are published, except those that the host forbids and those above
    /// [`crate::wanted::MAX_NODES`].
    pub fn is_complete(&self) -> bool {
        let is_quota = self.limit.is_lowered() && self.wanted.exceeds_limit();
        !is_quota && !self.denials.has_failures() && self.unreadable.is_empty()
    }

    /// Whether the store can be opened again when the connection is lost.
    pub fn can_reconnect(&self) -> bool {
        self.store.can_reconnect()
    }

    /// Makes one change and updates `published`.
    fn apply_one(&mut self, change: &Change) -> io::Result<Applied> {
        let path = change.path();
        let result = match change {
            Change::Remove(_) => self.store.rm(path),
            Change::Write(_, value) => self.store.write(path, value),
        };
        match (result.map_err(Error::from), change) {
            (Ok(()), Change::Write(_, value)) => {
                debug!("write {path} = {value:?}");
                self.published.set_raw(path, value.clone());
            }
            (Ok(()) | Err(Error::NotFound), Change::Remove(_)) => {
                debug!("remove {path}");
                self.published.remove(path);
            }
            (Err(Error::Lost(error)), _) => return Err(error),
            (Err(failure), Change::Write(..)) => return self.write_failed(path, &failure),
            (Err(failure), Change::Remove(_)) => {
                self.denials.add(path, &failure);
                return Ok(Applied::Denied);
            }
        }
        self.denials.allowed(path);
        Ok(Applied::Done)
    }

    fn write_failed(&mut self, path: &str, failure: &Error) -> io::Result<Applied> {
        if let Error::Quota(why) = failure {
            self.remove_part(path)?;
            if self.limit.lower(count_nodes(&self.published), why) {
                return Ok(Applied::LimitLowered);
            }
        }
        self.denials.add(path, failure);
        Ok(Applied::Denied)
    }

    /// Removes the directories of a key that xenstored denied: oxenstored creates a part of them first, and XAPI would
    /// take an empty one for an address.
    fn remove_part(&self, path: &str) -> io::Result<()> {
        let new = root_of(path)
            .and_then(|root| topmost_stale(path, root, &self.published, &self.published))
            .filter(|node| *node != path);
        match new.map(|node| self.store.rm(node).map_err(Error::from)) {
            Some(Err(Error::Lost(error))) => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether this path may not be changed now: xenstored denied it, or its value is unknown.
    fn is_blocked(&self, path: &str) -> bool {
        self.denials.blocks(path) || self.unreadable.keys().any(|node| is_within(path, node))
    }
}

#[cfg(test)]
mod tests;
