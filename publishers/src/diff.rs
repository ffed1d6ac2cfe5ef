//! The requests that change the published keys into the wanted ones. Pure; cannot fail.

use std::collections::BTreeSet;

use crate::key_tree::Tree;
use crate::keys::Root;

/// One request to xenstore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Remove this node and its subtree.
    Remove(String),
    /// Write this value to this key.
    Write(String, String),
}

impl Change {
    /// The path of the node.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Remove(path) | Self::Write(path, _) => path,
        }
    }
}

/// The changes that turn what is published below `roots` into what is wanted there: removals, then writes. A value
/// on a node that is a directory in `wanted` is overwritten with an empty one.
#[must_use]
pub fn diff<'a>(
    published: &Tree,
    wanted: &Tree,
    roots: impl IntoIterator<Item = &'a Root>,
) -> Vec<Change> {
    let (mut removals, mut writes) = (BTreeSet::new(), Vec::new());
    for root in roots {
        let is_stale = |path: &str| wanted.get(path).is_none() && root.covers(path);
        for (path, value) in published.subtree(root.path).filter(|(path, _)| is_stale(path)) {
            match topmost_stale(path, root, published, wanted) {
                Some(node) => drop(removals.insert(node)),
                None if value.is_empty() => {}
                None => writes.push(Change::Write(path.clone(), String::new())),
            }
        }
        let is_new =
            |path: &str, value: &str| published.get(path) != Some(value) && root.covers(path);
        let new = wanted.subtree(root.path).filter(|(path, value)| is_new(path, value));
        writes.extend(new.map(|(path, value)| Change::Write(path.clone(), value.clone())));
    }
    removals.into_iter().map(|path| Change::Remove(path.into())).chain(writes).collect()
}

/// The topmost node of `path` that has no wanted key at or below it, nor a key of another program. It is not above
/// the root, and not the root itself if that is the toolstack's. So one request removes a VIF, and no empty directory
/// stays.
pub fn topmost_stale<'a>(
    path: &'a str,
    root: &Root,
    published: &Tree,
    wanted: &Tree,
) -> Option<&'a str> {
    let least = root.path.len() + usize::from(root.is_shared());
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.filter(|&end| end >= least)
        .filter_map(|end| path.get(..end))
        .find(|node| !wanted.has_subtree(node) && !published.has_others(node))
}
