//! SR-IOV virtual functions: the addresses of the NIC of each.

use facts::{Network, SriovVf};

use super::addresses;
use crate::key_tree::Tree;

/// Sets the addresses of the `functions`, by the host's numbers. The host reads only addresses.
pub fn render(tree: &mut Tree, network: &Network, functions: Option<&[SriovVf]>, published: &Tree) {
    for function in functions.unwrap_or_default() {
        let Some(link) = network.links.iter().find(|link| link.perm_mac == Some(function.mac))
        else {
            continue;
        };
        let node = format!("xenserver/attr/net-sriov-vf/{}", function.id);
        for (path, address) in addresses(&node, link, published) {
            tree.set(path, &address.ip.to_string());
        }
    }
}
