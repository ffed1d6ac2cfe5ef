//! Links and addresses, and the network that is published of them.

mod upper_devices;

use facts::{AddressPreference, Mac};

use super::*;

fn link(index: u32, name: &str) -> Link {
    Link { index, up: true, name: name.into(), mac: Some(Mac([index as u8; 6])), ..Link::default() }
}

fn address(link: u32, host: u8) -> Address {
    let (ip, preference) = ([192, 0, 2, host].into(), AddressPreference::default());
    Address { link, ip, prefix: 24, usable: true, failed: false, preference }
}

fn network(links: &[Link], addresses: &[Address]) -> Network {
    let (links, addresses) = (links.to_vec(), addresses.to_vec());
    Snapshot { links, addresses, ..Snapshot::default() }.network(&NicFilter::default())
}

fn hosts<'a>(addresses: impl IntoIterator<Item = &'a facts::Address>) -> Vec<u8> {
    let last = |address: &facts::Address| {
        address.ip.to_string().rsplit('.').next().unwrap().parse().unwrap()
    };
    addresses.into_iter().map(last).collect()
}

fn own(network: &Network) -> Vec<u8> {
    hosts(network.links.iter().flat_map(|link| &link.addresses))
}

#[test]
fn addresses_are_in_the_order_of_the_list() {
    let listed = [2, 1, 3].map(|host| address(5, host));
    assert_eq!(own(&network(&[link(5, "a")], &listed)), [2, 1, 3]);
}

#[test]
fn link_that_is_down_has_no_addresses() {
    let down = Link { up: false, ..link(5, "a") };
    assert_eq!(own(&network(&[down], &[address(5, 1)])), []);
}

#[test]
fn tentative_address_is_not_published() {
    let tentative = Address { usable: false, ..address(5, 1) };
    assert_eq!(own(&network(&[link(5, "a")], &[tentative, address(5, 2)])), [2]);
}

// It was added after the links were listed, with a message that causes the next list.
#[test]
fn address_of_an_unknown_link_is_not_published() {
    assert_eq!(own(&network(&[link(5, "a")], &[address(6, 1)])), []);
}

#[test]
fn loopback_is_not_published() {
    assert_eq!(network(&[Link { loopback: true, ..link(1, "lo") }], &[]).links, []);
}

#[test]
fn address_is_a_default_source_if_a_default_route_has_it() {
    let snapshot = Snapshot {
        links: vec![link(5, "a")],
        addresses: vec![address(5, 1), address(5, 2)],
        route_sources: vec![[192, 0, 2, 2].into()],
        ..Snapshot::default()
    };
    let links = snapshot.network(&NicFilter::default()).links;
    let is_other: Vec<_> =
        links[0].addresses.iter().map(|address| address.preference.not_default_source).collect();
    assert_eq!(is_other, [true, false]);
}

#[test]
fn unknown_vif_makes_the_network_one_that_lacks_a_vif() {
    let vif_error = Some(io::Error::from_raw_os_error(libc::EMFILE));
    let snapshot = Snapshot { links: vec![link(5, "a")], vif_error, ..Snapshot::default() };
    assert!(snapshot.network(&NicFilter::default()).lacks_vif);
}

fn names(exclude: &[&str]) -> Vec<(String, usize)> {
    let bridge = |index, name| Link { info_kind: b"bridge".to_vec(), ..link(index, name) };
    let links = vec![
        Link { master: Some(6), vif: Some(0), ..link(5, "vif") },
        bridge(6, "docker1"),
        bridge(7, "docker0"),
        link(8, "wg0"),
    ];
    let exclude = NicFilter::new(exclude.iter().map(|glob| (*glob).to_owned()).collect());
    let snapshot = Snapshot { links, addresses: vec![address(6, 1)], ..Snapshot::default() };
    let links = snapshot.network(&exclude).links;
    links.into_iter().map(|link| (link.name, link.upper_addresses.len())).collect()
}

#[test]
fn excluded_nic_is_not_published_even_if_vif_or_bridge() {
    assert_eq!(names(&["wg*", "docker1"]), [("vif".into(), 0), ("docker0".into(), 0)]);
    assert_eq!(names(&["vif", "docker*"]), [("wg0".into(), 0)]);
}
