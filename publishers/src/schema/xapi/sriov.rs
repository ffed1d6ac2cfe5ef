//! SR-IOV virtual functions: the addresses of the NIC of each.

use super::addresses;
use crate::guest_state::GuestState;
use crate::key_tree::Tree;
use crate::keys::SRIOV_VFS;

/// Sets the addresses of the virtual functions, by the host's numbers. The host reads only addresses.
pub fn render(tree: &mut Tree, state: &GuestState, published: &Tree) {
    let Some(network) = &state.network else { return };
    for function in state.functions.iter().flatten() {
        let Some(link) = network.links.iter().find(|link| link.perm_mac == Some(function.mac))
        else {
            continue;
        };
        let node = format!("{SRIOV_VFS}/{}", function.id);
        for (path, address) in addresses(&node, link, published) {
            tree.set(path, &address.ip.to_string());
        }
    }
}
