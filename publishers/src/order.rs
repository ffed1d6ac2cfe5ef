//! In which order keys are written, and which matter most when the store is full.
//!
//! xenopsd watches `attr`, `control`, `feature`, `xenserver/attr` and `data/service` but neither
//! `drivers` nor the rest of `data`: what it will read on an event must stand there before the event.

use crate::tree::Tree;

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

/// How much a key matters when not all fit; the lowest number most. `wanted` has all of them.
#[must_use]
pub fn importance(path: &str, wanted: &Tree) -> u8 {
    let parts: Vec<&str> = path.split('/').collect();
    match *parts.as_slice() {
        ["attr", "PVAddons", ..] | ["data", "xen-guest-agent"] => 0,
        ["data", "meminfo_total" | "meminfo_free"] | ["data", "memory", ..] | ["control", ..] => 3,
        ["data", "net" | "service", ..] => 4,
        ["data", "volumes", ..] => 6,
        ["data", ..] => 1,
        ["attr", "vif", nic, family @ ("ipv4" | "ipv6"), index, ..] => {
            address(wanted, &format!("attr/vif/{nic}/{family}"), index)
        }
        ["xenserver", "attr", kind, nic, family @ ("ipv4" | "ipv6"), index] => {
            address(wanted, &format!("xenserver/attr/{kind}/{nic}/{family}"), index)
        }
        _ => 4,
    }
}

/// The first address of a NIC matters more than most, the others least.
fn address(wanted: &Tree, directory: &str, index: &str) -> u8 {
    let first: Option<u32> =
        wanted.below(directory).filter_map(|(name, _)| name.parse().ok()).min();
    if index.parse().ok() == first { 2 } else { 5 }
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
        let volume = importance("data/volumes/0/name", &wanted);
        assert!(wanted.iter().all(|(path, _)| importance(path, &wanted) < volume));
    }
}
