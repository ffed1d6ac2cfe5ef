//! A tree of keys: xenstore paths, relative to the domain's home, and their values. No I/O.

use std::collections::btree_map::Iter;
use std::collections::{BTreeMap, BTreeSet};

/// The longest value written, in bytes. The C xenstored takes 2,015 from a guest, oxenstored 2,048.
const LONGEST: usize = 2_000;

/// Whether the path is that of the node, or below it.
#[must_use]
pub fn is_within(path: &str, node: &str) -> bool {
    path.strip_prefix(node).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Keys and values, in the order of the paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    keys: BTreeMap<String, String>,
    /// Keys of other programs in directories that are shared with them.
    others: BTreeSet<String>,
}

impl Tree {
    /// Sets a key to `value` without control characters, cut at a character if it is too long for xenstore.
    pub fn set(&mut self, path: impl Into<String>, value: &str) {
        self.set_raw(path, sanitize(value));
    }

    /// Sets a key, unless the value is empty or missing.
    pub fn set_nonempty(&mut self, path: impl Into<String>, value: Option<&str>) {
        match value.map(sanitize) {
            Some(value) if !value.is_empty() => self.set_raw(path, value),
            _ => {}
        }
    }

    /// Sets a key to exactly `value`, which must be valid for xenstore.
    pub fn set_raw(&mut self, path: impl Into<String>, value: String) {
        self.keys.insert(path.into(), value);
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&str> {
        self.keys.get(path).map(String::as_str)
    }

    /// All keys with their values.
    pub fn iter(&self) -> Iter<'_, String, String> {
        self.keys.iter()
    }

    /// The keys below `path`, relative to it, with their values.
    pub fn below<'a>(&'a self, path: &str) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let prefix = format!("{path}/");
        self.keys
            .range(prefix.clone()..)
            .map_while(move |(key, value)| Some((key.strip_prefix(&prefix)?, value.as_str())))
    }

    /// Whether there is a key at `path` or below it.
    #[must_use]
    pub fn has_subtree(&self, path: &str) -> bool {
        self.keys.contains_key(path) || self.below(path).next().is_some()
    }

    /// The keys at `path` and below it, with their values.
    pub fn subtree<'a>(
        &'a self,
        path: &str,
    ) -> impl Iterator<Item = (&'a String, &'a String)> + use<'a> {
        let prefix = format!("{path}/");
        let below = self.keys.range(prefix.clone()..);
        self.keys
            .get_key_value(path)
            .into_iter()
            .chain(below.take_while(move |(key, _)| key.starts_with(&prefix)))
    }

    /// Adds the keys of `other`.
    pub fn extend(&mut self, other: Self) {
        self.keys.extend(other.keys);
    }

    /// Records a key of another program.
    pub fn set_others(&mut self, path: impl Into<String>) {
        self.others.insert(path.into());
    }

    /// Whether another program has a key at `path` or below it.
    #[must_use]
    pub fn has_others(&self, path: &str) -> bool {
        let prefix = format!("{path}/");
        let below = self.others.range(prefix.clone()..).next();
        self.others.contains(path) || below.is_some_and(|key| key.starts_with(&prefix))
    }

    /// Removes the key at `path` and its subtree.
    pub fn remove(&mut self, path: &str) {
        self.keys.remove(path);
        let below: Vec<String> =
            self.below(path).map(|(rest, _)| format!("{path}/{rest}")).collect();
        for key in below {
            self.keys.remove(&key);
        }
    }
}

/// `value` without control characters, cut if it is too long.
#[must_use]
pub fn sanitize(value: &str) -> String {
    let mut value: String = value.chars().filter(|c| !c.is_control()).collect();
    let mut end = LONGEST.min(value.len());
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    value.truncate(end);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_has_no_control_characters_and_is_cut_at_a_character() {
        assert_eq!(sanitize("a\0b\x1b[1mc\n"), "ab[1mc");
        let long = sanitize(&"€".repeat(1_000));
        assert_eq!((long.len(), long.chars().count()), (1_998, 666));
    }

    #[test]
    fn below_matches_complete_path_components() {
        let mut tree = Tree::default();
        for path in ["a/b", "a/b-c", "a/b/c", "a/b/c/d", "a/bc"] {
            tree.set(path, "1");
        }
        assert_eq!(tree.below("a/b").map(|(rest, _)| rest).collect::<Vec<_>>(), ["c", "c/d"]);
        tree.remove("a/b");
        assert!(!tree.has_subtree("a/b") && tree.has_subtree("a/b-c") && tree.has_subtree("a/bc"));
    }
}
