//! Selects the keys of highest priority that the limit of nodes allows. Pure; cannot fail.
//!
//! xenstored counts the nodes of a guest, directories included.

use std::collections::{BTreeMap, BTreeSet};

use facts::decimal;

use crate::key_tree::Tree;
use crate::keys::{Priority, key_of};

/// The keys of `wanted` that fit into `limit` nodes, those of highest priority first. Among keys of equal
/// priority, published ones come first, so that none replaces another. Published keys of the core always stay.
#[must_use]
pub fn select(wanted: &Tree, published: &Tree, limit: usize) -> Tree {
    let first = first_addresses(wanted);
    let mut keys: Vec<_> = wanted
        .iter()
        .map(|(path, value)| {
            // The directory of a published key is not new.
            (priority(path, &first), !published.has_subtree(path), path.as_str(), value)
        })
        .collect();
    keys.sort_unstable();
    let (mut selected, mut nodes) = (Tree::default(), Nodes::default());
    for (priority, is_new, path, value) in keys {
        let is_held = priority == Priority::Core && !is_new;
        if !is_held {
            if nodes.0.len() + nodes.added_by(path).count() > limit {
                break;
            }
            if is_below_a_missing_key(path, wanted, &selected) {
                continue;
            }
        }
        nodes.add(path);
        selected.set_raw(path, value.clone());
    }
    selected
}

/// The nodes of a tree: keys and the directories above them. The first directory of a path is the toolstack's.
#[must_use]
pub fn count_nodes(tree: &Tree) -> usize {
    let mut before = "";
    let mut count = 0;
    // In sorted order each node is new where a path differs from the one before.
    for (path, _) in tree.iter() {
        let shared = path.split('/').zip(before.split('/')).take_while(|(a, b)| a == b).count();
        count += path.split('/').count() - shared.max(1);
        before = path;
    }
    count
}

/// The priority of a key. A key without a row would be the last.
fn priority(path: &str, first: &BTreeMap<String, u32>) -> Priority {
    let priority = key_of(path).map_or(Priority::VolumeLabel, |key| key.priority);
    let is_other = || {
        let (directory, index) = address(path)?;
        Some(first.get(directory) != Some(&index))
    };
    match priority {
        Priority::FirstAddress if is_other().unwrap_or(true) => Priority::OtherAddress,
        other => other,
    }
}

/// The lowest index in each directory of addresses. One pass finds them: there may be thousands of addresses.
fn first_addresses(wanted: &Tree) -> BTreeMap<String, u32> {
    let mut lowest = BTreeMap::new();
    for (directory, index) in wanted.iter().filter_map(|(path, _)| address(path)) {
        let known = lowest.entry(directory.to_owned()).or_insert(index);
        *known = index.min(*known);
    }
    lowest
}

/// The directory of addresses that `path` is in, and the index of its address.
fn address(path: &str) -> Option<(&str, u32)> {
    let path = path.strip_suffix("/prefix").unwrap_or(path);
    let (directory, index) = path.rsplit_once('/')?;
    let is_list = directory.ends_with("/ipv4") || directory.ends_with("/ipv6");
    Some((directory, decimal(index).filter(|_| is_list)?))
}

/// A prefix is of no use without its address.
fn is_below_a_missing_key(path: &str, wanted: &Tree, selected: &Tree) -> bool {
    let parent = path.rsplit_once('/').map(|(parent, _)| parent);
    parent.is_some_and(|parent| wanted.get(parent).is_some() && selected.get(parent).is_none())
}

#[derive(Default)]
struct Nodes<'a>(BTreeSet<&'a str>);

impl<'a> Nodes<'a> {
    /// The nodes that a key needs and that do not exist yet.
    fn added_by(&self, path: &'a str) -> impl Iterator<Item = &'a str> {
        let parent = |node: &&'a str| node.rsplit_once('/').map(|(parent, _)| parent);
        let is_new = |node: &&str| node.contains('/') && !self.0.contains(node);
        std::iter::successors(Some(path), parent).take_while(is_new)
    }

    fn add(&mut self, path: &'a str) {
        let added: Vec<_> = self.added_by(path).collect();
        self.0.extend(added);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(node: &str, count: usize) -> Tree {
        let mut tree = Tree::default();
        for n in 0..count {
            tree.set(format!("{node}/{n}"), "10.0.0.1");
            tree.set(format!("{node}/{n}/prefix"), "8");
        }
        tree
    }

    #[test]
    fn nodes_are_keys_and_directories() {
        let mut tree = addresses("attr/vif/0/ipv4", 12);
        // attr/vif, attr/vif/0 and attr/vif/0/ipv4, then two nodes for each address.
        assert_eq!(count_nodes(&tree), 3 + 24);
        tree.set("attr/vif/0-b/name", "x");
        tree.set("data/os_name", "Plan 9");
        assert_eq!(count_nodes(&tree), 3 + 24 + 2 + 1);
    }

    #[test]
    fn selection_has_no_more_nodes_than_the_limit_and_the_important_ones() {
        let mut wanted = addresses("attr/vif/0/ipv4", 400);
        wanted.set("attr/PVAddons/Installed", "1");
        wanted.set("data/os_name", "Plan 9");
        for limit in [0, 1, 2, 3, 10, 100, 700] {
            let selected = select(&wanted, &Tree::default(), limit);
            assert!(count_nodes(&selected) <= limit, "{limit}: {selected:?}");
            assert_eq!(selected.get("attr/PVAddons/Installed").is_some(), limit >= 2);
            assert_eq!(selected.get("data/os_name").is_some(), limit >= 3);
            assert_eq!(select(&wanted, &selected, limit), selected, "published again");
        }
        assert_eq!(select(&wanted, &Tree::default(), 3000).iter().count(), 802);
    }

    #[test]
    fn published_key_is_not_replaced_by_another_of_the_same_priority() {
        let wanted = addresses("attr/vif/0/ipv4", 100);
        let mut published = wanted.clone();
        (0..50).for_each(|n| published.remove(&format!("attr/vif/0/ipv4/{n}")));
        let selected = select(&wanted, &published, 103);
        let kept = published.iter().filter(|(path, _)| selected.get(path).is_some()).count();
        assert!(kept >= 98, "{kept} of 100");
    }

    #[test]
    fn volumes_have_the_lowest_priority() {
        let paths =
            ["attr/PVAddons/Installed", "attr/vif/0/ipv4/1", "attr/vif/0/name", "data/os_name"];
        let volume = priority("data/volumes/0/name", &BTreeMap::new());
        for path in paths {
            assert!(priority(path, &BTreeMap::new()) < volume, "{path}");
        }
        assert!(volume < priority("data/volumes/0/volume_name", &BTreeMap::new()));
    }
}
