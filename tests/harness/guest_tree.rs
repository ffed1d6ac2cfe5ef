//! The keys of the guest's tree: read at once, or waited for.

use super::PATIENCE;
use super::guest::{Guest, HOME};
use super::tree::{difference, is_rfc3339_utc, of_this_machine, text};
use super::wire::Nodes;
use std::time::Instant;

impl Guest {
    /// Every key that the guest wrote, by path below its home. An empty node with children is left out.
    /// A valid time of the agent's is replaced by `<now>`.
    pub fn tree(&self) -> Nodes {
        self.dom0(|host| {
            let mut tree = host.store.nodes(HOME);
            let paths: Vec<String> = tree.keys().cloned().collect();
            let has_children = |path: &String| {
                paths.iter().any(|p| p.strip_prefix(path).is_some_and(|p| p.starts_with('/')))
            };
            tree.retain(|path, value| {
                let is_hosts = host.made.contains_key(path) || path.starts_with("xenserver/device");
                !is_hosts && (!value.is_empty() || !has_children(path))
            });
            for key in ["data/updated", "data/service/xen-guest-agent/started"] {
                if let Some(time) = tree.get_mut(key).filter(|time| is_rfc3339_utc(time)) {
                    *time = "<now>".into();
                }
            }
            tree
        })
    }

    /// Waits until the tree meets the condition; returns it.
    pub fn wait(&self, condition: impl Fn(&Nodes) -> bool) -> Nodes {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.dom0(|host| host.changes.count());
            let tree = self.tree();
            if condition(&tree) {
                return tree;
            }
            let changed = self.dom0(|host| host.changes.wait_beyond(seen, deadline));
            assert!(changed, "the tree does not meet the condition:\n{}", text(&tree));
        }
    }

    /// Waits until a key has a value.
    pub fn wait_value(&self, key: &str, value: &str) {
        self.wait(|tree| tree.get(key).is_some_and(|is| is == value));
    }

    /// Waits until a key does not exist.
    pub fn wait_gone(&self, key: &str) {
        self.wait(|tree| !tree.contains_key(key));
    }

    /// Waits until the guest's keys are exactly these, one `key = value` a line.
    pub fn wait_tree(&self, keys: &str) {
        let wanted = of_this_machine(keys.trim_matches('\n'));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.dom0(|host| host.changes.count());
            let is = text(&self.tree());
            if is == wanted {
                return;
            }
            if !self.dom0(|host| host.changes.wait_beyond(seen, deadline)) {
                panic!("keys missing (-) and not wanted (+):\n{}", difference(&wanted, &is));
            }
        }
    }

    /// The values of a node's children, sorted by name. Each name must be a number.
    pub fn values(&self, node: &str) -> Vec<String> {
        let below = |key: &str| key.strip_prefix(node)?.strip_prefix('/').map(str::to_string);
        let children =
            self.tree().into_iter().filter_map(|(key, value)| Some((below(&key)?, value)));
        let direct = children.filter(|(child, _)| !child.contains('/'));
        let mut numbered: Vec<(u64, String)> =
            direct.map(|(child, value)| (child.parse().unwrap(), value)).collect();
        numbered.sort();
        numbered.into_iter().map(|(_, value)| value).collect()
    }

    /// The keys below one node as they are now, one `key = value` a line.
    pub fn below(&self, node: &str) -> String {
        let tree = self.tree();
        text(&tree.into_iter().filter(|(key, _)| key.starts_with(node)).collect())
    }
}
