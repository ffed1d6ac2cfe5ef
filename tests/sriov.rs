//! SR-IOV: the exact keys for links of the kernel and functions of the host. Test machines have no virtual
//! functions, so their links, bonds and permanent addresses are described here.

#![allow(clippy::unwrap_used)]

use std::net::IpAddr;

use collectors::network::NicFilter;
use collectors::network::rtnetlink::{Address, Link};
use collectors::network::snapshot::Snapshot;
use facts::{AddressPreference, SriovVf};
use publishers::Schema;
use publishers::guest_state::GuestState;
use publishers::key_tree::Tree;

/// A guest: its links in the kernel's order, and its functions in xenstore's order.
#[derive(Default)]
struct Guest {
    network: Snapshot,
    functions: Vec<SriovVf>,
}

impl Guest {
    /// `words` are `name=value` pairs with the names of ip(8) and the kernel.
    fn link(mut self, index: u32, words: &str) -> Self {
        let mut link = Link { index, up: true, ..Link::default() };
        let mut addresses = Vec::new();
        for (name, value) in words.split(' ').map(|word| word.split_once('=').unwrap()) {
            match name {
                "name" => link.name = value.into(),
                "mac" => link.mac = value.parse().ok(),
                "permanent" => link.perm_mac = value.parse().ok(),
                "kind" => link.info_kind = value.into(),
                "master" => link.master = value.parse().ok(),
                "link" => link.lower = value.parse().ok(),
                "vif" => link.vif = value.parse().ok(),
                _ => addresses.push(value.parse::<IpAddr>().unwrap()),
            }
        }
        self.network.links.push(link);
        for ip in addresses {
            let (prefix, preference) = (24, AddressPreference::default());
            let (usable, failed) = (true, false);
            let address = Address { link: index, ip, prefix, usable, failed, preference };
            self.network.addresses.push(address);
        }
        self
    }

    /// `xenserver/device/net-sriov-vf/$ID/mac`
    fn function(mut self, id: u32, mac: &str) -> Self {
        self.functions.push(SriovVf { id, mac: mac.parse().unwrap() });
        self
    }

    fn keys_after(&self, published: &Tree) -> Tree {
        let (network, functions) =
            (Some(self.network.network(&NicFilter::default())), Some(self.functions.clone()));
        let state = GuestState { network, functions, ..GuestState::default() };
        Schema::Std.render(&state, published)
    }

    /// The keys of addresses without prefixes, which functions do not have.
    fn shows(&self, keys: &[&str]) {
        let tree = self.keys_after(&Tree::default());
        let functions =
            tree.below("xenserver").map(|(rest, value)| format!("xenserver/{rest} = {value}"));
        let addresses = tree.below("attr/vif").filter(|(rest, _)| rest.contains("/ipv"));
        let vifs = addresses.filter(|(rest, _)| !rest.ends_with("/prefix"));
        let vifs = vifs.map(|(rest, value)| format!("attr/vif/{rest} = {value}"));
        assert_eq!(vifs.chain(functions).collect::<Vec<_>>(), keys);
    }
}

#[test]
fn sriov_vf_is_found_by_mac_in_any_case() {
    let guest = Guest::default()
        .link(2, "name=eth0 mac=00:16:3e:00:00:02 vif=0 ip=192.0.2.2")
        .link(3, "name=ens5 mac=0a:bc:de:f0:00:03 ip=198.51.100.3 ip=2001:db8::3")
        .link(4, "name=ens6 mac=0A:BC:DE:F0:00:04 ip=203.0.113.4")
        .link(5, "name=ens7 mac=0a:bc:de:f0:00:05 ip=203.0.113.5");
    guest
        .function(2, "0A:BC:DE:F0:00:03")
        .function(7, "0a:bc:de:f0:00:04")
        .function(9, "0a:bc:de:f0:00:99")
        .shows(&[
            "attr/vif/0/ipv4/0 = 192.0.2.2",
            "xenserver/attr/net-sriov-vf/2/ipv4/0 = 198.51.100.3",
            "xenserver/attr/net-sriov-vf/2/ipv6/0 = 2001:db8::3",
            "xenserver/attr/net-sriov-vf/7/ipv4/0 = 203.0.113.4",
        ]);
}

// All three have the MAC of the first member.
#[test]
fn addresses_of_a_bond_are_published_for_its_vf_and_its_vif() {
    let guest = Guest::default()
        .link(2, "name=bond0 mac=0a:bc:de:f0:00:03 kind=bond ip=192.0.2.9")
        .link(3, "name=ens5 mac=0a:bc:de:f0:00:03 permanent=0a:bc:de:f0:00:03 master=2")
        .link(4, "name=eth0 mac=0a:bc:de:f0:00:03 vif=0 master=2")
        .link(5, "name=bond0.7 mac=0a:bc:de:f0:00:03 kind=vlan link=2 ip=198.51.100.9");
    guest.function(0, "0A:bc:de:f0:00:03").shows(&[
        "attr/vif/0/ipv4/0 = 192.0.2.9",
        "attr/vif/0/ipv4/1 = 198.51.100.9",
        "xenserver/attr/net-sriov-vf/0/ipv4/0 = 192.0.2.9",
        "xenserver/attr/net-sriov-vf/0/ipv4/1 = 198.51.100.9",
    ]);
}

// The VIF is the first member, so the function has its MAC.
#[test]
fn sriov_vf_with_the_mac_of_a_vif_is_found_by_its_permanent_mac() {
    let guest = Guest::default()
        .link(2, "name=eth0 mac=00:16:3e:00:00:02 vif=0 master=9")
        .link(3, "name=ens5 mac=00:16:3e:00:00:02 permanent=0a:bc:de:f0:00:03 master=9")
        .link(4, "name=ens6 mac=00:16:3e:00:00:02 permanent=0a:bc:de:f0:00:04 master=9")
        .link(9, "name=team0 mac=00:16:3e:00:00:02 kind=team ip=192.0.2.9");
    guest.function(0, "0a:bc:de:f0:00:03").function(1, "0a:bc:de:f0:00:04").shows(&[
        "attr/vif/0/ipv4/0 = 192.0.2.9",
        "xenserver/attr/net-sriov-vf/0/ipv4/0 = 192.0.2.9",
        "xenserver/attr/net-sriov-vf/1/ipv4/0 = 192.0.2.9",
    ]);
}

// A VLAN or a macvlan has the MAC of its NIC, and may have a lower index.
#[test]
fn upper_device_of_an_sriov_vf_is_not_taken_for_it() {
    let guest = Guest::default()
        .link(2, "name=vlan7 mac=0a:bc:de:f0:00:03 kind=vlan link=3 ip=198.51.100.3")
        .link(3, "name=ens5 mac=0a:bc:de:f0:00:03 ip=192.0.2.3");
    guest.function(0, "0a:bc:de:f0:00:03").shows(&[
        "xenserver/attr/net-sriov-vf/0/ipv4/0 = 192.0.2.3",
        "xenserver/attr/net-sriov-vf/0/ipv4/1 = 198.51.100.3",
    ]);
}

#[test]
fn address_of_an_sriov_vf_keeps_its_index() {
    let nic = "name=ens5 mac=0a:bc:de:f0:00:03";
    let guest = |addresses: &str| {
        let guest = Guest::default().link(3, &format!("{nic} {addresses}"));
        guest.function(0, "0a:bc:de:f0:00:03")
    };
    let before = guest("ip=192.0.2.1 ip=192.0.2.2 ip=192.0.2.3").keys_after(&Tree::default());
    let after = guest("ip=192.0.2.4 ip=192.0.2.3 ip=192.0.2.1").keys_after(&before);
    let node = "xenserver/attr/net-sriov-vf/0/ipv4";
    let shown: Vec<_> = after.below(node).collect();
    assert_eq!(shown, [("0", "192.0.2.1"), ("1", "192.0.2.4"), ("2", "192.0.2.3")]);
}
