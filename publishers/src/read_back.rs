//! Reads the published keys below our roots back, so that only differences are written.

use std::collections::BTreeMap;
use std::io;

use xenstore::Error;

use crate::key_tree::Tree;
use crate::keys::{Ownership, ROOTS, Root};
use crate::store::Store;

/// No schema goes deeper. A node at this depth counts as a key, so it can be removed with its subtree.
const MAX_DEPTH: usize = 8;

/// The result of a read back.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Our keys, and which nodes in shared directories are those of others.
    pub tree: Tree,
    /// Nodes that could not be read, with the error: their values and those of their children are unknown.
    pub unreadable: BTreeMap<String, String>,
}

/// Reads all our roots.
///
/// # Errors
/// When the connection is lost.
pub fn read_back(store: &dyn Store) -> io::Result<Snapshot> {
    let mut snapshot = Snapshot::default();
    for root in ROOTS {
        match root.ownership {
            Ownership::Subtree => snapshot.read_below(store, root, root.path, MAX_DEPTH)?,
            Ownership::Values(_) => snapshot.read_children(store, root, "")?,
            Ownership::Children(prefix) => {
                snapshot.read_children(store, root, prefix)?;
                // It has other roots, which can be read without its list.
                snapshot.unreadable.remove(root.path);
            }
        }
    }
    Ok(snapshot)
}

impl Snapshot {
    fn read_children(&mut self, store: &dyn Store, root: &Root, prefix: &str) -> io::Result<()> {
        let names = self.unless_failed(root.path, store.directory(root.path))?;
        for name in names.unwrap_or_default().iter().filter(|name| name.starts_with(prefix)) {
            let path = format!("{}/{name}", root.path);
            self.read_below(store, root, &path, MAX_DEPTH)?;
        }
        Ok(())
    }

    fn read_below(
        &mut self,
        store: &dyn Store,
        root: &Root,
        path: &str,
        depth: usize,
    ) -> io::Result<()> {
        let Some(value) = self.unless_failed(path, store.read(path))? else {
            if root.is_shared() {
                self.tree.set_others(path);
            }
            return Ok(());
        };
        let names = self.unless_failed(path, store.directory(path))?.unwrap_or_default();
        // An empty node with children is a directory, not a key.
        if names.is_empty() || !value.is_empty() || depth == 0 {
            match root.owns(path, &value) {
                true => self.tree.set_raw(path, value.into()),
                false => self.tree.set_others(path),
            }
        }
        if depth > 0 {
            for name in names {
                self.read_below(store, root, &format!("{path}/{name}"), depth - 1)?;
            }
        }
        Ok(())
    }

    fn unless_failed<T>(&mut self, path: &str, result: io::Result<T>) -> io::Result<Option<T>> {
        match result.map_err(Error::from) {
            Ok(value) => return Ok(Some(value)),
            // A node that may not be read counts as absent: it will be written, if the host allows that.
            Err(Error::NotFound | Error::Denied(_)) => {}
            Err(Error::Lost(error)) => return Err(error),
            Err(Error::Quota(why) | Error::Refused(why)) => {
                self.unreadable.insert(path.to_owned(), why);
            }
        }
        Ok(None)
    }
}
