//! Reads back what is published below our roots, so that only differences need be written.

use std::collections::BTreeMap;
use std::io;

use log::{debug, warn};

use crate::key_tree::Tree;
use crate::schema::roots;
use crate::store::{Failure, Store};

/// No schema goes deeper; what does was not written by an agent and is removed with its parent.
const MAX_DEPTH: usize = 8;

/// What was read back.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// What the store holds below all our roots. A node that may not be read is left out: it will be
    /// written.
    pub tree: Tree,
    /// Something may not be read.
    pub hidden: bool,
    /// Nodes that could not be read for another reason, with that: nobody knows what they and those
    /// below them hold.
    pub unknown: BTreeMap<String, String>,
}

/// Reads all our roots.
///
/// # Errors
/// When the connection is lost.
pub fn adopt(store: &dyn Store) -> io::Result<Snapshot> {
    let mut found = Snapshot::default();
    for root in roots() {
        found.read_below(store, root.path, MAX_DEPTH)?;
    }
    Ok(found)
}

impl Snapshot {
    fn read_below(&mut self, store: &dyn Store, path: &str, depth: usize) -> io::Result<()> {
        let Some(value) = self.unless_refused(path, store.read(path))? else { return Ok(()) };
        let names = self.unless_refused(path, store.directory(path))?.unwrap_or_default();
        // An empty node with something in it is a directory, no key; but where nobody looks into it, it
        // is to go for what is there.
        if names.is_empty() || !value.is_empty() || depth == 0 {
            self.tree.set_raw(path, value.into());
        }
        if depth > 0 {
            for name in names {
                self.read_below(store, &format!("{path}/{name}"), depth - 1)?;
            }
        }
        Ok(())
    }

    fn unless_refused<T>(&mut self, path: &str, result: io::Result<T>) -> io::Result<Option<T>> {
        match result.map_err(Failure::from) {
            Ok(value) => return Ok(Some(value)),
            Err(Failure::NotFound) => {}
            Err(Failure::Disconnected(error)) => return Err(error),
            Err(Failure::Denied(why)) => {
                debug!("{path}: cannot be read back: {why}");
                self.hidden = true;
            }
            Err(Failure::Quota(why)) => {
                warn!("{path}: cannot be read back: {why}; it will be written again");
            }
            Err(Failure::Transient(why)) => drop(self.unknown.insert(path.to_owned(), why)),
        }
        Ok(None)
    }
}
