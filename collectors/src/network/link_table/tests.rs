//! Sequences of rtnetlink messages, and the network that is published after them.

mod upper_devices;

use std::cell::Cell;

use facts::{AddressPreference, Mac};

use super::*;
use crate::network::rtnetlink::{Address as AddrMsg, Link};

fn link(index: u32, name: &str) -> Link {
    Link { index, up: true, name: name.into(), mac: Some(Mac([index as u8; 6])), ..Link::default() }
}

fn address(link: u32, host: u8, prefix: u8) -> AddrMsg {
    let ip = [192, 0, 2, host].into();
    AddrMsg {
        link,
        ip,
        peer: Some(ip),
        prefix,
        usable: true,
        failed: false,
        preference: AddressPreference::default(),
    }
}

fn after(payloads: impl IntoIterator<Item = Payload>) -> Network {
    let mut table = Table::default();
    for payload in payloads {
        table.apply(payload, |_| VifLookup::NotVif);
    }
    table.network(&Exclude::default())
}

fn hosts(network: &Network) -> Vec<u8> {
    let addresses = network.links.iter().flat_map(|link| &link.addresses);
    addresses
        .map(|address| address.ip.to_string().rsplit('.').next().unwrap().parse().unwrap())
        .collect()
}

#[test]
fn addresses_are_in_the_order_of_their_first_message() {
    let messages = [2, 1, 3].map(|host| Payload::Address(address(5, host, 24)));
    let again = Payload::Address(address(5, 1, 24));
    let network = after([Payload::Link(link(5, "a"))].into_iter().chain(messages).chain([again]));
    assert_eq!(hosts(&network), [2, 1, 3]);
}

#[test]
fn ipv4_address_with_another_prefix_is_another_address() {
    let both = [
        Payload::Link(link(5, "a")),
        Payload::Address(address(5, 1, 24)),
        Payload::Address(address(5, 1, 16)),
    ];
    let network = after(both.into_iter().chain([Payload::DelAddr(address(5, 1, 24))]));
    assert_eq!(network.links[0].addresses.iter().map(|a| a.prefix).collect::<Vec<_>>(), [16]);
}

#[test]
fn link_that_is_down_has_no_addresses() {
    let down = Payload::Link(Link { up: false, ..link(5, "a") });
    let messages = [Payload::Link(link(5, "a")), Payload::Address(address(5, 1, 24))];
    assert_eq!(hosts(&after(messages.clone().into_iter().chain([down.clone()]))), []);
    let up_again = messages.into_iter().chain([down, Payload::Link(link(5, "a"))]);
    assert_eq!(hosts(&after(up_again)), [1]);
}

#[test]
fn tentative_address_is_not_published() {
    let tentative = AddrMsg { usable: false, ..address(5, 1, 24) };
    let messages = [Payload::Link(link(5, "a")), Payload::Address(tentative)];
    assert_eq!(hosts(&after(messages.clone())), []);
    assert_eq!(
        hosts(&after(messages.into_iter().chain([Payload::Address(address(5, 1, 24))]))),
        [1]
    );
}

#[test]
fn removed_link_loses_its_addresses() {
    let messages = [
        Payload::Link(link(5, "a")),
        Payload::Address(address(5, 1, 24)),
        Payload::DelLink(5),
        Payload::Address(address(5, 2, 24)),
        Payload::Link(link(5, "a")),
    ];
    assert_eq!(hosts(&after(messages)), []);
}

#[test]
fn loopback_is_not_published() {
    assert_eq!(after([Payload::Link(Link { loopback: true, ..link(1, "lo") })]).links, []);
}

#[test]
fn vif_is_looked_up_until_the_answer_is_final() {
    use VifLookup::{NotVif, Unknown, Vif};
    for (answers, vif, lookups) in [
        ([Unknown, Unknown, Vif(3), NotVif], Some(3), 3),
        ([NotVif, Vif(3), Vif(3), Vif(3)], None, 1),
        ([Vif(3), Vif(4), NotVif, Unknown], Some(3), 1),
    ] {
        let asked = Cell::new(0);
        let mut table = Table::default();
        for (answer, name) in answers.into_iter().zip(["a", "b", "c", "d"]) {
            table.apply(Payload::Link(link(5, name)), |_| {
                asked.set(asked.get() + 1);
                answer
            });
        }
        assert_eq!(table.network(&Exclude::default()).links[0].vif, vif);
        assert_eq!(asked.get(), lookups);
    }
}

#[test]
fn unknown_vif_is_found_by_a_later_lookup() {
    let mut table = Table::default();
    table.apply(Payload::Link(link(5, "a")), |_| VifLookup::Unknown);
    table.find_vifs(|_| VifLookup::Vif(3));
    assert_eq!(table.network(&Exclude::default()).links[0].vif, Some(3));
}

#[test]
fn message_that_repeats_the_state_is_no_change() {
    let mut table = Table::default();
    for is_change in [true, false] {
        assert_eq!(table.apply(Payload::Link(link(5, "a")), |_| VifLookup::NotVif), is_change);
        let address = Payload::Address(address(5, 1, 24));
        assert_eq!(table.apply(address, |_| VifLookup::NotVif), is_change);
    }
    for is_change in [true, false] {
        let address = Payload::DelAddr(address(5, 1, 24));
        assert_eq!(table.apply(address, |_| VifLookup::NotVif), is_change);
    }
}

#[test]
fn ipv4_addresses_with_different_peers_are_two_and_ipv6_addresses_one() {
    for (ip, peers, left) in [
        (IpAddr::from([192, 0, 2, 1]), ["192.0.2.2", "192.0.2.3"], 1),
        ("2001:db8::1".parse().unwrap(), ["2001:db8::2", "2001:db8::3"], 0),
    ] {
        let [first, second] = peers.map(|peer| {
            let peer = Some(peer.parse().unwrap());
            AddrMsg { ip, peer, ..address(5, 1, 32) }
        });
        let network = after([
            Payload::Link(link(5, "a")),
            Payload::Address(first),
            Payload::Address(second),
            Payload::DelAddr(second),
        ]);
        assert_eq!(network.links[0].addresses.len(), left, "{ip}");
    }
}

#[test]
fn only_a_consistent_dump_removes_what_it_lacks() {
    let mut table = Table::default();
    let mut dump = |addresses: &[u8], links: &[u32], is_consistent| {
        table.begin_dump();
        for &index in links {
            table.apply(Payload::Link(link(index, "a")), |_| VifLookup::NotVif);
        }
        for &host in addresses {
            table.apply(Payload::Address(address(5, host, 24)), |_| VifLookup::NotVif);
        }
        if is_consistent {
            table.end_dump();
        }
        let network = table.network(&Exclude::default());
        (network.links.len(), hosts(&network))
    };
    assert_eq!(dump(&[1, 2], &[5, 6], false), (2, vec![1, 2]));
    assert_eq!(dump(&[3, 1], &[5], false), (2, vec![1, 2, 3]));
    assert_eq!(dump(&[3, 1], &[5], true), (1, vec![1, 3]));
}

#[test]
fn address_that_is_removed_and_added_moves_to_the_end() {
    let [first, second] = [1, 2].map(|host| address(5, host, 24));
    let network = after([
        Payload::Link(link(5, "a")),
        Payload::Address(first),
        Payload::Address(second),
        Payload::DelAddr(first),
        Payload::Address(first),
    ]);
    assert_eq!(hosts(&network), [2, 1]);
}

fn names(exclude: &[&str]) -> Vec<(String, usize)> {
    let mut table = Table::default();
    table.apply(Payload::Link(Link { master: Some(6), ..link(5, "vif") }), |_| VifLookup::Vif(0));
    table
        .apply(Payload::Link(Link { info_kind: b"bridge".to_vec(), ..link(6, "docker1") }), |_| {
            VifLookup::NotVif
        });
    table.apply(Payload::Address(address(6, 1, 24)), |_| VifLookup::NotVif);
    table
        .apply(Payload::Link(Link { info_kind: b"bridge".to_vec(), ..link(7, "docker0") }), |_| {
            VifLookup::NotVif
        });
    table.apply(Payload::Link(link(8, "wg0")), |_| VifLookup::NotVif);
    let exclude = Exclude::new(exclude.iter().map(|glob| (*glob).to_owned()).collect());
    let links = table.network(&exclude).links;
    links.into_iter().map(|link| (link.name, link.upper_addresses.len())).collect()
}

#[test]
fn excluded_nic_is_not_published_even_if_vif_or_bridge() {
    assert_eq!(names(&["wg*", "docker1"]), [("vif".into(), 0), ("docker0".into(), 0)]);
    assert_eq!(names(&["vif", "docker*"]), [("wg0".into(), 0)]);
}
