//! The priorities of keys, for when not all of them can be published. Pure; cannot fail.

use std::collections::BTreeMap;

use facts::decimal;

use crate::key_tree::Tree;

/// The priority of the keys without which hosts would assume that the guest has no PV drivers or is still
/// booting.
pub const CORE_PRIORITY: u8 = 0;

/// The priorities of a tree's keys.
#[derive(Debug)]
pub struct KeyPriorities(BTreeMap<String, u32>);

impl KeyPriorities {
    /// The priorities of the keys in `wanted`. One pass finds the lowest index of each directory of
    /// addresses: there may be thousands of addresses.
    #[must_use]
    pub fn of(wanted: &Tree) -> Self {
        let mut lowest = BTreeMap::new();
        for (path, _) in wanted.iter() {
            if let Some((directory, index)) = address(path) {
                let known = lowest.entry(directory.to_owned()).or_insert(index);
                *known = index.min(*known);
            }
        }
        Self(lowest)
    }

    /// The priority of a key. The lowest number is the highest priority.
    #[must_use]
    pub fn priority(&self, path: &str) -> u8 {
        let parts: Vec<&str> = path.split('/').collect();
        match *parts.as_slice() {
            ["attr", "PVAddons", ..] | ["data", "xen-guest-agent" | "updated"] => CORE_PRIORITY,
            ["data", "meminfo_total" | "meminfo_free"]
            | ["data", "memory", ..]
            | ["control", ..] => 3,
            ["data", "net" | "service", ..] => 4,
            ["data", "volumes", _, "volume_name"] => 7,
            ["data", "volumes", ..] => 6,
            ["data", ..] => 1,
            _ => match address(path) {
                // The preferred address of a NIC has a higher priority than most keys, the others a lower one.
                Some((directory, index)) if self.0.get(directory) == Some(&index) => 2,
                Some(_) => 5,
                None => 4,
            },
        }
    }
}

/// The directory of addresses that `path` is in, and the index of its address.
fn address(path: &str) -> Option<(&str, u32)> {
    let at =
        ["/ipv4/", "/ipv6/"].iter().find_map(|family| Some(path.find(family)? + family.len()))?;
    let (directory, rest) = path.split_at_checked(at)?;
    let is_nic = ["attr/vif/", "xenserver/attr/"].iter().any(|top| directory.starts_with(top));
    let index = decimal(rest.split('/').next()?)?;
    is_nic.then_some((directory, index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_have_the_lowest_priority() {
        let mut wanted = Tree::default();
        let paths =
            ["attr/PVAddons/Installed", "attr/vif/0/ipv4/1", "attr/vif/0/name", "data/os_name"];
        paths.iter().for_each(|path| wanted.set(*path, "1"));
        wanted.set("attr/vif/0/ipv4/0", "1");
        let priorities = KeyPriorities::of(&wanted);
        let volume = priorities.priority("data/volumes/0/name");
        assert!(wanted.iter().all(|(path, _)| priorities.priority(path) < volume));
        assert!(volume < priorities.priority("data/volumes/0/volume_name"));
    }
}
