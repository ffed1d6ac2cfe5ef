//! What a stream of messages leaves behind.

use std::cell::Cell;

use facts::{Mac, Rank};

use super::*;
use crate::network::rtnetlink::{Address as Told, Link};

fn link(index: u32, name: &str) -> Link {
    Link { index, up: true, name: name.into(), mac: Some(Mac([index as u8; 6])), ..Link::default() }
}

fn address(link: u32, host: u8, prefix: u8) -> Told {
    Told { link, ip: [192, 0, 2, host].into(), prefix, usable: true, rank: Rank::default() }
}

fn after(kinds: impl IntoIterator<Item = Kind>) -> Network {
    let mut table = Table::default();
    for kind in kinds {
        table.fold(kind, |_| None);
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
fn addresses_stand_in_the_order_in_which_they_came() {
    let told = [2, 1, 3].map(|host| Kind::Address(address(5, host, 24)));
    let again = Kind::Address(address(5, 1, 24));
    let network = after([Kind::Link(link(5, "a"))].into_iter().chain(told).chain([again]));
    assert_eq!(hosts(&network), [2, 1, 3]);
}

#[test]
fn the_same_address_with_another_prefix_is_another() {
    let both = [
        Kind::Link(link(5, "a")),
        Kind::Address(address(5, 1, 24)),
        Kind::Address(address(5, 1, 16)),
    ];
    let network = after(both.into_iter().chain([Kind::DelAddr(address(5, 1, 24))]));
    assert_eq!(network.links[0].addresses.iter().map(|a| a.prefix).collect::<Vec<_>>(), [16]);
}

#[test]
fn only_links_that_are_up_have_addresses() {
    let down = Kind::Link(Link { up: false, ..link(5, "a") });
    let told = [Kind::Link(link(5, "a")), Kind::Address(address(5, 1, 24))];
    assert_eq!(hosts(&after(told.clone().into_iter().chain([down.clone()]))), []);
    let up_again = told.into_iter().chain([down, Kind::Link(link(5, "a"))]);
    assert_eq!(hosts(&after(up_again)), [1]);
}

#[test]
fn an_address_that_is_not_usable_is_not_told() {
    let tentative = Told { usable: false, ..address(5, 1, 24) };
    let told = [Kind::Link(link(5, "a")), Kind::Address(tentative)];
    assert_eq!(hosts(&after(told.clone())), []);
    assert_eq!(hosts(&after(told.into_iter().chain([Kind::Address(address(5, 1, 24))]))), [1]);
}

#[test]
fn a_link_that_goes_takes_its_addresses_along() {
    let told = [
        Kind::Link(link(5, "a")),
        Kind::Address(address(5, 1, 24)),
        Kind::DelLink(5),
        Kind::Address(address(5, 2, 24)),
        Kind::Link(link(5, "a")),
    ];
    assert_eq!(hosts(&after(told)), []);
}

#[test]
fn loopback_is_left_out() {
    assert_eq!(after([Kind::Link(Link { loopback: true, ..link(1, "lo") })]).links, []);
}

#[test]
fn a_link_is_asked_for_its_vif_until_it_has_one() {
    let asked = Cell::new(0);
    let mut table = Table::default();
    let mut fold = |name, vif| {
        table.fold(Kind::Link(link(5, name)), |_| {
            asked.set(asked.get() + 1);
            vif
        });
        table.network(&Exclude::default()).links[0].vif
    };
    assert_eq!(
        [fold("a", None), fold("a", None), fold("b", Some(3)), fold("c", None)],
        [None, None, Some(3), Some(3)]
    );
    assert_eq!(asked.get(), 2);
}

fn vif_over(links: impl IntoIterator<Item = Link>) -> Vec<u8> {
    let mut table = Table::default();
    table.fold(Kind::Link(Link { master: Some(10), ..link(5, "vif") }), |_| Some(0));
    for link in links {
        let index = link.index;
        table.fold(Kind::Link(link), |_| None);
        table.fold(Kind::Address(address(index, index as u8, 24)), |_| None);
    }
    let network = table.network(&Exclude::default());
    let upper_addresses = network.links.iter().flat_map(|link| &link.upper_addresses);
    assert!(upper_addresses.clone().all(|address| address.rank.upper_addresses));
    upper_addresses
        .map(|address| address.ip.to_string().rsplit('.').next().unwrap().parse().unwrap())
        .collect()
}

fn sort(index: u32, sort: &str, lower: Option<u32>, master: Option<u32>) -> Link {
    Link { sort: sort.into(), lower, master, ..link(index, sort) }
}

#[test]
fn a_vif_has_the_addresses_of_what_stands_on_it_the_nearest_first() {
    let stack = [
        sort(8, "vlan", Some(9), None),
        sort(9, "bridge", None, None),
        sort(10, "bond", None, Some(9)),
        sort(11, "macvlan", Some(5), None),
    ];
    assert_eq!(vif_over(stack), [10, 11, 9, 8]);
}

#[test]
fn what_stands_on_no_vif_is_nobodys() {
    let others = [
        sort(8, "bridge", None, None),
        sort(9, "veth", Some(5), None),
        sort(10, "vrf", None, None),
        sort(11, "vxlan", Some(5), None),
        sort(12, "vlan", None, None),
    ];
    assert_eq!(vif_over(others), []);
}

#[test]
fn a_stack_that_bites_its_tail_ends() {
    let ring = [sort(10, "bridge", None, Some(11)), sort(11, "bond", None, Some(10))];
    assert_eq!(vif_over(ring), [10, 11]);
}

fn names(exclude: &[&str]) -> Vec<(String, usize)> {
    let mut table = Table::default();
    table.fold(Kind::Link(Link { master: Some(6), ..link(5, "vif") }), |_| Some(0));
    table.fold(Kind::Link(Link { sort: b"bridge".to_vec(), ..link(6, "docker1") }), |_| None);
    table.fold(Kind::Address(address(6, 1, 24)), |_| None);
    table.fold(Kind::Link(Link { sort: b"bridge".to_vec(), ..link(7, "docker0") }), |_| None);
    table.fold(Kind::Link(link(8, "wg0")), |_| None);
    let exclude = Exclude::new(exclude.iter().map(|glob| (*glob).to_owned()).collect());
    let links = table.network(&exclude).links;
    links.into_iter().map(|link| (link.name, link.upper_addresses.len())).collect()
}

#[test]
fn a_containers_nic_is_left_out_unless_it_stands_on_a_vif() {
    assert_eq!(names(&[]), [("vif".into(), 1), ("docker1".into(), 0), ("wg0".into(), 0)]);
}

#[test]
fn what_somebody_asked_for_is_left_out_whatever_it_is() {
    assert_eq!(names(&["wg*", "docker1"]), [("vif".into(), 0)]);
    assert_eq!(names(&["vif"]), [("docker1".into(), 0), ("wg0".into(), 0)]);
}

// The members of a bond all have the bond's MAC; the host knows a function by its own.
#[test]
fn a_function_in_a_bond_keeps_its_own_address_and_shows_those_of_the_bond() {
    let (bonds, own) = (Mac([2; 6]), Mac([3; 6]));
    let function = Link { mac: Some(bonds), permanent: Some(own), ..link(3, "vf") };
    let mut table = Table::default();
    let member = |link: Link| Kind::Link(Link { master: Some(9), ..link });
    table.fold(member(link(2, "vif")), |_| Some(0));
    table.fold(member(function), |_| None);
    table.fold(Kind::Link(Link { mac: Some(bonds), ..sort(9, "bond", None, None) }), |_| None);
    table.fold(Kind::Link(sort(10, "vlan", Some(3), None)), |_| None);
    table.fold(Kind::Address(address(9, 1, 24)), |_| None);
    let links = table.network(&Exclude::default()).links;
    let known: Vec<_> = links.iter().map(|link| (link.index, link.perm_mac)).collect();
    assert_eq!(known, [(2, None), (3, Some(own)), (9, None), (10, None)]);
    let shown: Vec<_> = links.iter().map(|link| link.upper_addresses.len()).collect();
    assert_eq!(shown, [1, 1, 0, 0]);
}
