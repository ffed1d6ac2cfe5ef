//! Reads back what is published below our roots, so that only differences need be written.

use std::io;

use log::{debug, warn};
use xenstore_rs::Xs;

use crate::schema::roots;
use crate::store::Failure;
use crate::tree::Tree;

/// No schema goes deeper; what does was not written by an agent and is removed with its parent.
const DEEPEST: usize = 8;

/// What the store holds below all our roots.
///
/// # Errors
/// When the connection is lost. A node that cannot be read is left out: it will be written.
pub fn adopt(store: &dyn Xs) -> io::Result<Tree> {
    let mut tree = Tree::default();
    for root in roots() {
        read_below(store, root.path, DEEPEST, &mut tree)?;
    }
    Ok(tree)
}

fn read_below(store: &dyn Xs, path: &str, depth: usize, tree: &mut Tree) -> io::Result<()> {
    let Some(value) = unless_refused(path, store.read(path))? else { return Ok(()) };
    let names = unless_refused(path, store.directory(path))?.unwrap_or_default();
    // An empty node with something in it is a directory, no key.
    if names.is_empty() || !value.is_empty() {
        tree.set_raw(path, value.into());
    }
    if depth > 0 {
        for name in names {
            read_below(store, &format!("{path}/{name}"), depth - 1, tree)?;
        }
    }
    Ok(())
}

fn unless_refused<T>(path: &str, result: io::Result<T>) -> io::Result<Option<T>> {
    match result.map_err(Failure::from) {
        Ok(value) => Ok(Some(value)),
        Err(Failure::Absent) => Ok(None),
        Err(Failure::Lost(error)) => Err(error),
        Err(Failure::Denied(why)) => {
            debug!("{path}: cannot be read back: {why}");
            Ok(None)
        }
        Err(Failure::Full(why) | Failure::Passing(why)) => {
            warn!("{path}: cannot be read back: {why}; it will be written again");
            Ok(None)
        }
    }
}
