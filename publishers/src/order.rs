//! In which order keys are written, and which matter most when the store is full.
//!
//! xenopsd watches `attr`, `control`, `feature`, `xenserver/attr` and `data/service` but neither
//! `drivers` nor the rest of `data`: what it will read on an event must stand there before the event.

use std::collections::BTreeMap;

use facts::decimal;

use crate::key_tree::Tree;

/// When a path is written in its batch; the lowest first.
#[must_use]
pub fn turn(path: &str) -> u8 {
    let mut parts = path.split('/');
    match (parts.next(), parts.next()) {
        (Some("data"), Some("service")) => 1,
        (Some("feature"), _) => 2,
        (Some("control"), _) => 3,
        (Some("attr" | "xenserver"), _) => 4,
        _ => 0,
    }
}

/// Whether the toolstack of an XAPI host looks at the guest when this path changes.
#[must_use]
pub fn is_watched(path: &str) -> bool {
    turn(path) > 0
}

/// How much each key matters when not all fit.
#[derive(Debug)]
pub struct KeyPriorities(BTreeMap<String, u32>);

impl KeyPriorities {
    /// Of the keys in `wanted`, which has all of them. Looked through once: of addresses there may be
    /// thousands, and the first of each directory has to be known.
    #[must_use]
    pub fn of(wanted: &Tree) -> Self {
        let mut firsts = BTreeMap::new();
        for (path, _) in wanted.iter() {
            if let Some((directory, index)) = address(path) {
                let first = firsts.entry(directory.to_owned()).or_insert(index);
                *first = index.min(*first);
            }
        }
        Self(firsts)
    }

    /// The lowest number matters most.
    #[must_use]
    pub fn rank(&self, path: &str) -> u8 {
        let parts: Vec<&str> = path.split('/').collect();
        match *parts.as_slice() {
            ["attr", "PVAddons", ..] | ["data", "xen-guest-agent"] => 0,
            ["data", "meminfo_total" | "meminfo_free"]
            | ["data", "memory", ..]
            | ["control", ..] => 3,
            ["data", "net" | "service", ..] => 4,
            ["data", "volumes", ..] => 6,
            ["data", ..] => 1,
            _ => match address(path) {
                // The first address of a NIC matters more than most, the others least.
                Some((directory, index)) if self.0.get(directory) == Some(&index) => 2,
                Some(_) => 5,
                None => 4,
            },
        }
    }
}

/// The directory of the addresses that `path` is in, or is about, and its index there.
fn address(path: &str) -> Option<(&str, u32)> {
    let at =
        ["/ipv4/", "/ipv6/"].iter().find_map(|family| Some(path.find(family)? + family.len()))?;
    let (directory, rest) = path.split_at_checked(at)?;
    let is_nics = ["attr/vif/", "xenserver/attr/"].iter().any(|top| directory.starts_with(top));
    let index = decimal(rest.split('/').next()?)?;
    is_nics.then_some((directory, index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_matter_least() {
        let mut wanted = Tree::default();
        let paths =
            ["attr/PVAddons/Installed", "attr/vif/0/ipv4/1", "attr/vif/0/name", "data/os_name"];
        paths.iter().for_each(|path| wanted.set(*path, "1"));
        wanted.set("attr/vif/0/ipv4/0", "1");
        let importance = KeyPriorities::of(&wanted);
        let volume = importance.rank("data/volumes/0/name");
        assert!(wanted.iter().all(|(path, _)| importance.rank(path) < volume));
    }
}
