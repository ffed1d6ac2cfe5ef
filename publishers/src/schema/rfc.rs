//! Schema `rfc`: every NIC by interface index, addresses as the names of empty nodes.
//!
//! A xenstore path may not contain `.` or `:`, so both are written `_`.

use facts::{Link, Os};

use super::{Root, root, sampled};
use crate::guest_state::{GuestState, Source};
use crate::key_tree::Tree;

pub const ROOTS: &[Root] = &[
    root("data/xen-guest-agent", Source::Agent),
    root("data/os", Source::Os),
    root("data/net", Source::Network),
    root("data/memory", Source::Memory),
];

pub const MEMORY_TOTAL: &str = "data/memory/total";
pub const MEMORY_FREE: &str = "data/memory/free";

/// The version of this layout.
const PROTOCOL: &str = "0.1.0";

/// The keys of `state`.
pub fn render(state: &GuestState, published: &Tree) -> Tree {
    let mut tree = Tree::default();
    tree.set("data/xen-guest-agent", PROTOCOL);
    if let Some(os) = &state.os {
        names(&mut tree, os);
    }
    for link in state.network.iter().flat_map(|network| &network.links) {
        nic(&mut tree, link);
    }
    if let Some(memory) = &state.memory {
        for (key, figure) in [(MEMORY_TOTAL, memory.total), (MEMORY_FREE, memory.available)] {
            let figure = sampled(published.get(key), figure, memory.step());
            tree.set(key, &figure.to_string());
        }
    }
    tree
}

fn names(tree: &mut Tree, os: &Os) {
    tree.set_nonempty("data/os/name", Some(&os.name));
    tree.set_nonempty("data/os/version", os.version.as_deref());
    tree.set("data/os/class", "unix");
    tree.set_nonempty("data/os/unix/kernel-version", Some(&os.kernel_release));
}

fn nic(tree: &mut Tree, link: &Link) {
    let node = format!("data/net/{}", link.index);
    // Read back, an empty value with children would look like a directory.
    tree.set_nonempty(&node, Some(&link.name));
    if let Some(mac) = link.mac {
        tree.set(format!("{node}/mac/{}", as_name(&mac.to_string())), "");
    }
    for address in &link.addresses {
        let family = if address.ip.is_ipv4() { "ipv4" } else { "ipv6" };
        tree.set(format!("{node}/{family}/{}", as_name(&address.ip.to_string())), "");
    }
}

/// The list of which `path` is an entry. Entries are empty nodes whose name is an address.
pub fn list_of(path: &str) -> Option<&str> {
    let parts: Vec<&str> = path.split('/').collect();
    let is_entry = matches!(parts.as_slice(), ["data", "net", _, "ipv4" | "ipv6" | "mac", _]);
    path.rsplit_once('/').filter(|_| is_entry).map(|(list, _)| list)
}

fn as_name(text: &str) -> String {
    text.replace(['.', ':'], "_")
}

#[cfg(test)]
mod tests {
    use facts::Network;

    use super::*;

    #[test]
    fn name_without_printable_characters_is_no_key() {
        let name = "\u{1}\u{2}".into();
        let (mac, addresses) = (Some(facts::Mac([2; 6])), Vec::new());
        let link = Link {
            index: 7,
            name,
            mac,
            vif: None,
            addresses,
            perm_mac: None,
            upper_addresses: vec![],
        };
        let network = Some(Network { links: vec![link], lacks_vif: false });
        let tree = render(&GuestState { network, ..GuestState::default() }, &Tree::default());
        let shown: Vec<_> = tree.below("data/net").map(|(path, _)| path).collect();
        assert_eq!((tree.get("data/net/7"), shown), (None, vec!["7/mac/02_02_02_02_02_02"]));
    }

    #[test]
    fn memory_that_moved_by_less_than_a_step_keeps_its_published_figures() {
        let memory = |available| facts::Memory { total: 207_744, available, balloon: false };
        let shown = |available, published: &Tree| {
            let memory = Some(memory(available));
            render(&GuestState { memory, ..GuestState::default() }, published)
        };
        let published = shown(150_400, &Tree::default());
        assert_eq!(shown(151_423, &published), published);
        assert_eq!(shown(151_424, &published).get(MEMORY_FREE), Some("151424"));
    }
}
