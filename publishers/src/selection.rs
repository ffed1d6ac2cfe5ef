//! Selects the wanted keys of highest priority that the limits allow. Pure; cannot fail.
//!
//! xenstored counts the nodes of a guest, directories included. It limits the size of each node, including the
//! names of its children. Keys of other programs are not counted and not left out.

use std::collections::{BTreeMap, BTreeSet};

use crate::key_tree::Tree;
use crate::priority::{CORE_PRIORITY, KeyPriorities};
use crate::schema::is_ours;

/// The bytes that the names in one directory may have, including a NUL after each. The C xenstored accepts
/// 2,014 from a guest.
const MAX_NAMES: usize = 1_900;

/// The keys of `wanted` that fit into `limit` nodes, those of highest priority first. Among keys of equal
/// priority, published ones come first, so that none replaces another.
#[must_use]
pub fn select(wanted: &Tree, published: &Tree, limit: usize) -> Tree {
    let priorities = KeyPriorities::of(wanted);
    let mut keys: Vec<_> = wanted
        .iter()
        .map(|(path, value)| {
            let priority = is_ours(path, value).then(|| priorities.priority(path));
            // The directory of a published key is not new.
            (priority, !published.has_subtree(path), path.as_str(), value)
        })
        .collect();
    keys.sort_unstable();
    let (mut selected, mut nodes) = (Tree::default(), Nodes::default());
    for (priority, _, path, value) in keys {
        let is_core = priority == Some(CORE_PRIORITY) && published.get(path).is_some();
        if priority.is_some() && !is_core {
            if nodes.count + nodes.added_by(path).len() > limit {
                break;
            }
            if !nodes.has_space_for(path) || is_below_a_missing_key(path, wanted, &selected) {
                continue;
            }
        }
        nodes.add(path, priority.is_some());
        selected.set_raw(path, value.clone());
    }
    selected
}

/// Our nodes in all `trees` together: keys and the directories above them.
#[must_use]
pub fn count_nodes(trees: &[&Tree]) -> usize {
    let mut nodes = Nodes::default();
    let keys = trees.iter().flat_map(|tree| tree.iter());
    for (path, _) in keys.filter(|(path, value)| is_ours(path, value)) {
        nodes.add(path, true);
    }
    nodes.count
}

/// A prefix is of no use without its address.
fn is_below_a_missing_key(path: &str, wanted: &Tree, selected: &Tree) -> bool {
    let parent = path.rsplit_once('/').map(|(parent, _)| parent);
    parent.is_some_and(|parent| wanted.get(parent).is_some() && selected.get(parent).is_none())
}

#[derive(Default)]
struct Nodes<'a> {
    known: BTreeSet<&'a str>,
    /// Bytes of our names in each directory. xenstored decides whether the names of others leave space.
    names: BTreeMap<&'a str, usize>,
    /// The number of our nodes so far.
    count: usize,
}

impl<'a> Nodes<'a> {
    /// The nodes that a key needs and that do not exist yet, the key itself first. The first directory of a path
    /// is the toolstack's.
    fn added_by(&self, path: &'a str) -> Vec<&'a str> {
        let parent = |node: &&'a str| node.rsplit_once('/').map(|(parent, _)| parent);
        let is_new = |node: &&str| node.contains('/') && !self.known.contains(node);
        std::iter::successors(Some(path), parent).take_while(is_new).collect()
    }

    fn has_space_for(&self, path: &'a str) -> bool {
        let Some((directory, name)) =
            self.added_by(path).last().and_then(|top| top.rsplit_once('/'))
        else {
            return true;
        };
        self.names.get(directory).is_none_or(|length| length + name.len() < MAX_NAMES)
    }

    fn add(&mut self, path: &'a str, is_ours: bool) {
        for node in self.added_by(path) {
            if let Some((directory, name)) = node.rsplit_once('/').filter(|_| is_ours) {
                *self.names.entry(directory).or_default() += name.len() + 1;
            }
            self.known.insert(node);
            self.count += usize::from(is_ours);
        }
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
    fn selection_has_no_more_nodes_than_the_limit_and_the_important_ones() {
        let mut wanted = addresses("attr/vif/0/ipv4", 400);
        wanted.set("attr/PVAddons/Installed", "1");
        wanted.set("data/os_name", "Plan 9");
        for limit in [0, 1, 2, 3, 10, 100, 700] {
            let selected = select(&wanted, &Tree::default(), limit);
            assert!(count_nodes(&[&selected]) <= limit, "{limit}: {selected:?}");
            assert_eq!(selected.get("attr/PVAddons/Installed").is_some(), limit >= 2);
            assert_eq!(selected.get("data/os_name").is_some(), limit >= 3);
            assert_eq!(select(&wanted, &selected, limit), selected, "published again");
        }
        assert_eq!(select(&wanted, &Tree::default(), 3000).iter().count(), 802);
    }

    #[test]
    fn full_directory_leaves_out_its_own_keys_only() {
        let mut wanted = Tree::default();
        for n in 0..200 {
            wanted.set(format!("data/net/2/ipv6/2001_db8_0_0_0_0_1234_{n:04}"), "");
        }
        wanted.set("data/net/3", "eth1");
        let selected = select(&wanted, &Tree::default(), 700);
        let bytes: usize = selected.below("data/net/2/ipv6").map(|(name, _)| name.len() + 1).sum();
        assert!((MAX_NAMES - 40..=MAX_NAMES).contains(&bytes), "{bytes}");
        assert_eq!(selected.get("data/net/3"), Some("eth1"));
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
    fn keys_of_other_programs_stay_and_do_not_count() {
        let mut wanted = Tree::default();
        (0..50).for_each(|n| wanted.set(format!("drivers/{n}"), "ACME x 1 "));
        wanted.set("drivers/50", "Linux y 1 ");
        let selected = select(&wanted, &Tree::default(), 0);
        assert_eq!(selected.iter().count(), 50);
        assert_eq!(count_nodes(&[&wanted]), 1);
    }
}
