//! Schema `rfc`: every NIC by interface index, addresses as the names of empty nodes.
//!
//! xenstore takes no `.` or `:` in a path, so both are written `_`.

use facts::{Link, Os};

use super::{Root, root};
use crate::picture::{Picture, Source};
use crate::tree::Tree;

pub const ROOTS: &[Root] = &[
    root("data/xen-guest-agent", Source::Agent),
    root("data/os", Source::Os),
    root("data/net", Source::Network),
    root("data/memory", Source::Memory),
];

/// The version of this layout.
const PROTOCOL: &str = "0.1.0";

/// The keys of `picture`.
pub fn render(picture: &Picture) -> Tree {
    let mut tree = Tree::default();
    tree.set("data/xen-guest-agent", PROTOCOL);
    if let Some(os) = &picture.os {
        names(&mut tree, os);
    }
    for link in picture.network.iter().flat_map(|network| &network.links) {
        nic(&mut tree, link);
    }
    if let Some(memory) = &picture.memory {
        tree.set("data/memory/total", &memory.total.to_string());
        tree.set("data/memory/free", &memory.available.to_string());
    }
    tree
}

fn names(tree: &mut Tree, os: &Os) {
    tree.set_some("data/os/name", Some(&os.name));
    tree.set_some("data/os/version", os.version.as_deref());
    tree.set("data/os/class", "unix");
    tree.set_some("data/os/unix/kernel-version", Some(&os.kernel_release));
}

fn nic(tree: &mut Tree, link: &Link) {
    let node = format!("data/net/{}", link.index);
    tree.set(&node, &link.name);
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
