//! Reads the published keys below our roots back, so that only differences are written.

use std::collections::BTreeMap;
use std::io;

use log::{debug, warn};

use crate::key_tree::Tree;
use crate::schema::{Ours, Root, root_of, roots};
use crate::store::{Failure, Store};

/// No schema goes deeper. A node at this depth counts as a key, so it can be removed with its subtree.
const MAX_DEPTH: usize = 8;

/// The result of a read back.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// The keys below all our roots. A node that the guest may not read is left out, so it will be written.
    /// Below a shared root such a node counts as another program's, with an empty value.
    pub tree: Tree,
    /// The host denied reading something.
    pub read_denied: bool,
    /// Roots that are shared with others and cannot be listed, with the error: xenstored lists at most 4 KiB of
    /// names. A key that the agent writes there may replace another program's.
    pub unlisted: Vec<(&'static str, String)>,
    /// Nodes that could not be read for another reason, with the error: their values and those of their
    /// children are unknown.
    pub unreadable: BTreeMap<String, String>,
}

/// Reads all our roots.
///
/// # Errors
/// When the connection is lost.
pub fn read_back(store: &dyn Store) -> io::Result<Snapshot> {
    let mut snapshot = Snapshot::default();
    for root in roots() {
        snapshot.read_root(store, root)?;
    }
    Ok(snapshot)
}

impl Snapshot {
    fn read_root(&mut self, store: &dyn Store, root: &Root) -> io::Result<()> {
        let Ours::Keys { child_prefix, .. } = root.ours else {
            return self.read_below(store, root.path, MAX_DEPTH);
        };
        let names = self.unless_failed(root.path, store.directory(root.path))?;
        for name in names.unwrap_or_default().iter().filter(|name| name.starts_with(child_prefix)) {
            self.read_below(store, &format!("{}/{name}", root.path), MAX_DEPTH)?;
        }
        Ok(())
    }

    fn read_below(&mut self, store: &dyn Store, path: &str, depth: usize) -> io::Result<()> {
        let Some(value) = self.unless_failed(path, store.read(path))? else { return Ok(()) };
        let names = self.unless_failed(path, store.directory(path))?.unwrap_or_default();
        // An empty node with children is a directory, not a key.
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

    fn unless_failed<T>(&mut self, path: &str, result: io::Result<T>) -> io::Result<Option<T>> {
        match result.map_err(Failure::from) {
            Ok(value) => return Ok(Some(value)),
            Err(Failure::NotFound) => {}
            Err(Failure::Disconnected(error)) => return Err(error),
            Err(Failure::Denied(why)) => {
                debug!("{path}: read denied by xenstored ({why})");
                self.read_denied = true;
                if root_of(path).is_some_and(|root| root.is_shared() && root.path != path) {
                    self.tree.set_raw(path, String::new());
                }
            }
            Err(Failure::Quota(why)) => {
                if let Some(root) =
                    root_of(path).filter(|root| root.is_shared() && root.path == path)
                {
                    self.read_denied = true;
                    self.unlisted.push((root.path, why));
                    return Ok(None);
                }
                warn!("{path}: read failed ({why}); it will be written again");
            }
            Err(Failure::Transient(why)) => drop(self.unreadable.insert(path.to_owned(), why)),
        }
        Ok(None)
    }
}
