//! Schema `rfc`: every NIC by interface index, addresses as the names of empty nodes.
//!
//! A xenstore path may not contain `.` or `:`, so both are written `_`.

use facts::{Link, Memory, Os};

use super::sampled;
use crate::guest_state::{GuestState, Source};
use crate::key_tree::Tree;
use crate::keys::NICS;

/// The version of this layout.
const PROTOCOL: &str = "0.1.0";

/// Adds the keys of a source.
pub fn render(tree: &mut Tree, source: Source, state: &GuestState, published: &Tree) {
    match source {
        Source::Agent => tree.set("data/xen-guest-agent", PROTOCOL),
        Source::Os => state.os.iter().for_each(|os| names(tree, os)),
        Source::Network => {
            let links = state.network.iter().flat_map(|network| &network.links);
            links.for_each(|link| nic(tree, link));
        }
        Source::Memory => state.memory.iter().for_each(|it| memory(tree, it, published)),
        Source::Sriov | Source::Drivers | Source::Service | Source::Disks => {}
    }
}

fn memory(tree: &mut Tree, memory: &Memory, published: &Tree) {
    let figures = [("data/memory/total", memory.total), ("data/memory/free", memory.available)];
    for (key, figure) in figures {
        tree.set(key, &sampled(published.get(key), figure, memory.step()).to_string());
    }
}

fn names(tree: &mut Tree, os: &Os) {
    tree.set_nonempty("data/os/name", Some(&os.name));
    tree.set_nonempty("data/os/version", os.version.as_deref());
    tree.set("data/os/class", "unix");
    tree.set_nonempty("data/os/unix/kernel-version", Some(&os.kernel_release));
}

fn nic(tree: &mut Tree, link: &Link) {
    let node = format!("{NICS}/{}", link.index);
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

fn as_name(text: &str) -> String {
    text.replace(['.', ':'], "_")
}

#[cfg(test)]
mod tests {
    use facts::Network;

    use super::*;
    use crate::schema::Schema;

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
        let tree =
            Schema::Rfc.render(&GuestState { network, ..GuestState::default() }, &Tree::default());
        let shown: Vec<_> = tree.below("data/net").map(|(path, _)| path).collect();
        assert_eq!((tree.get("data/net/7"), shown), (None, vec!["7/mac/02_02_02_02_02_02"]));
    }

    #[test]
    fn memory_that_moved_by_less_than_a_step_keeps_its_published_figures() {
        let memory = |available| facts::Memory { total: 207_744, available, balloon: false };
        let shown = |available, published: &Tree| {
            let memory = Some(memory(available));
            Schema::Rfc.render(&GuestState { memory, ..GuestState::default() }, published)
        };
        let published = shown(150_400, &Tree::default());
        assert_eq!(shown(151_423, &published), published);
        assert_eq!(shown(151_424, &published).get("data/memory/free"), Some("151424"));
    }
}
