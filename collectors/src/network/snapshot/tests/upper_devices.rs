//! Addresses of the devices above a VIF: bridge, bond, VLAN, Open vSwitch.

use super::*;

fn vif_over(above: impl IntoIterator<Item = Link>) -> Vec<u8> {
    let mut links = vec![Link { master: Some(10), vif: Some(0), ..link(5, "vif") }];
    links.extend(above);
    let addresses: Vec<_> =
        links.iter().skip(1).map(|link| address(link.index, link.index as u8)).collect();
    let network = network(&links, &addresses);
    let upper_addresses = network.links.iter().flat_map(|link| &link.upper_addresses);
    assert!(upper_addresses.clone().all(|address| address.preference.on_upper_device));
    hosts(upper_addresses)
}

fn upper(index: u32, kind: &str, lower: Option<u32>, master: Option<u32>) -> Link {
    Link { info_kind: kind.into(), lower, master, ..link(index, kind) }
}

#[test]
fn vif_has_addresses_of_upper_devices_nearest_first() {
    let stack = [
        upper(8, "vlan", Some(9), None),
        upper(9, "bridge", None, None),
        upper(10, "bond", None, Some(9)),
        upper(11, "macvlan", Some(5), None),
    ];
    assert_eq!(vif_over(stack), [10, 11, 9, 8]);
}

// The master of a datapath's ports is its own link, which is down; internal ports have no master.
#[test]
fn vif_in_open_vswitch_has_addresses_of_internal_ports() {
    let own = Link { up: false, ..upper(10, "openvswitch", None, None) };
    assert_eq!(vif_over([own, upper(11, "openvswitch", None, None)]), [11]);
    let own = Link { up: false, ..upper(10, "openvswitch", None, None) };
    assert_eq!(vif_over([own, upper(11, "openvswitch", None, Some(10))]), [11]);
    assert_eq!(vif_over([upper(11, "openvswitch", None, None)]), []);
}

#[test]
fn link_that_is_down_hides_addresses_above_it() {
    let bridge = Link { up: false, ..upper(10, "bridge", None, None) };
    assert_eq!(vif_over([bridge, upper(11, "macvlan", Some(10), None)]), []);
}

#[test]
fn vif_gets_no_addresses_of_veth_vxlan_vrf() {
    let others = [
        upper(8, "bridge", None, None),
        upper(9, "veth", Some(5), None),
        upper(10, "vrf", None, None),
        upper(11, "vxlan", Some(5), None),
        upper(12, "vlan", None, None),
    ];
    assert_eq!(vif_over(others), []);
}

#[test]
fn cycle_of_upper_devices_terminates() {
    let cycle = [upper(10, "bridge", None, Some(11)), upper(11, "bond", None, Some(10))];
    assert_eq!(vif_over(cycle), [10, 11]);
}

// All members of a bond have the MAC of the bond. The host identifies a VF by its permanent MAC.
#[test]
fn sriov_vf_in_bond_keeps_perm_mac_and_has_addresses_of_the_bond() {
    let (bond, own) = (Mac([2; 6]), Mac([3; 6]));
    let function = Link { mac: Some(bond), perm_mac: Some(own), ..link(3, "vf") };
    let listed = [
        Link { master: Some(9), vif: Some(0), ..link(2, "vif") },
        Link { master: Some(9), ..function },
        Link { mac: Some(bond), ..upper(9, "bond", None, None) },
        upper(10, "vlan", Some(3), None),
    ];
    let links = network(&listed, &[address(9, 1)]).links;
    let known: Vec<_> = links.iter().map(|link| (link.index, link.perm_mac)).collect();
    assert_eq!(known, [(2, None), (3, Some(own)), (9, None), (10, None)]);
    let shown: Vec<_> = links.iter().map(|link| link.upper_addresses.len()).collect();
    assert_eq!(shown, [1, 1, 0, 0]);
}
