//! The requests that change the published keys into the wanted ones. Pure; cannot fail.

use facts::set_of;

use crate::key_tree::Tree;
use crate::schema::root_of;

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

/// The changes that turn `published` into `wanted`: removals, then writes, each sorted by path. A value on
/// a node that is a directory in `wanted` is overwritten with an empty one.
#[must_use]
pub fn diff(published: &Tree, wanted: &Tree) -> Vec<Change> {
    let stale = published.iter().filter(|(path, _)| wanted.get(path).is_none());
    let (directories, keys): (Vec<_>, Vec<_>) =
        stale.partition(|(path, _)| wanted.has_subtree(path));
    let removals = set_of(keys.into_iter().filter_map(|(path, _)| topmost_stale(path, wanted)));
    let emptied = directories.into_iter().filter(|(_, value)| !value.is_empty());
    let writes = wanted.iter().filter(|&(path, value)| published.get(path) != Some(value));
    removals
        .into_iter()
        .map(|path| Change::Remove(path.to_owned()))
        .chain(emptied.map(|(path, _)| Change::Write(path.clone(), String::new())))
        .chain(writes.map(|(path, value)| Change::Write(path.clone(), value.clone())))
        .collect()
}

/// The topmost node of `path` that has no wanted key at or below it. It is not above the root, and not the
/// root itself if that is the toolstack's. So one request removes a VIF, and no empty directory stays.
#[must_use]
pub fn topmost_stale<'a>(path: &'a str, wanted: &Tree) -> Option<&'a str> {
    let root = root_of(path)?;
    let least = root.path.len() + usize::from(root.is_shared());
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.filter(|&end| end >= least)
        .filter_map(|end| path.get(..end))
        .find(|node| !wanted.has_subtree(node))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_on_a_wanted_directory_is_emptied_once() {
        let tree = |keys: &[(&str, &str)]| {
            let mut tree = Tree::default();
            keys.iter().for_each(|(path, value)| tree.set(*path, value));
            tree
        };
        let wanted = tree(&[("attr/vif/0/name", "eth0")]);
        let published = tree(&[("attr/vif", "junk"), ("attr/vif/0/name", "eth0")]);
        let emptied = Change::Write("attr/vif".into(), String::new());
        assert_eq!(diff(&published, &wanted), [emptied]);
        let published = tree(&[("attr/vif", ""), ("attr/vif/0/name", "eth0")]);
        assert_eq!(diff(&published, &wanted), []);
    }
}
