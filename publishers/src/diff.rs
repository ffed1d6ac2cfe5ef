//! What must be done to the store so that it shows the wanted keys. Pure; cannot fail.

use std::collections::BTreeSet;

use crate::schema::root_of;
use crate::tree::Tree;

/// One request to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Remove this node with all below it.
    Remove(String),
    /// Give this key this value.
    Write(String, String),
}

impl Change {
    /// The path that it is about.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Remove(path) | Self::Write(path, _) => path,
        }
    }
}

/// The changes that turn `published` into `wanted`: removals, then writes, each by path.
#[must_use]
pub fn diff(published: &Tree, wanted: &Tree) -> Vec<Change> {
    let stale = published.iter().filter(|(path, _)| wanted.get(path).is_none());
    let removals: BTreeSet<&str> =
        stale.filter_map(|(path, _)| highest_unwanted(path, wanted)).collect();
    let writes = wanted.iter().filter(|&(path, value)| published.get(path) != Some(value));
    removals
        .into_iter()
        .map(|path| Change::Remove(path.to_owned()))
        .chain(writes.map(|(path, value)| Change::Write(path.clone(), value.clone())))
        .collect()
}

/// The highest node on the way to `path`, not above the root that we own (below it where that is the
/// toolstack's), with nothing wanted at or below it. So one request removes a VIF, and no empty
/// directory stays.
#[must_use]
pub fn highest_unwanted<'a>(path: &'a str, wanted: &Tree) -> Option<&'a str> {
    let root = root_of(path)?;
    let least = root.path.len() + usize::from(root.mark.is_some());
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.filter(|&end| end >= least)
        .filter_map(|end| path.get(..end))
        .find(|node| !wanted.reaches(node))
}
