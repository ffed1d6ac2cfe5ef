//! Lists of the BSDs, byte by byte, and the resulting network.

use std::net::Ipv6Addr;

use facts::{Mac, Network};

use super::*;
use crate::network::NicFilter;
use crate::network::address_flags::{of_freebsd, of_netbsd};
use crate::network::snapshot::Snapshot;

/// A FreeBSD whose kernel answers from these tables.
#[derive(Default)]
struct FreeBsd {
    /// `SIOCGIFAFLAG_IN6`; other addresses do not exist.
    in6: Vec<(&'static str, u32)>,
    vlans: Vec<(&'static str, &'static str)>,
    bridges: Vec<(&'static str, &'static [&'static str])>,
}

impl Platform for FreeBsd {
    const LAYOUT: Layout = Layout::FreeBsd;

    fn state(&mut self, entry: &Entry, ip: IpAddr) -> io::Result<Option<AddressState>> {
        let vhid = entry.data.map_or(0, |data| data[5]);
        if ip.is_ipv4() {
            return Ok(Some(of_freebsd(0, vhid)));
        }
        let known = self.in6.iter().find(|(text, _)| text.parse() == Ok(ip));
        Ok(known.map(|(_, flags)| of_freebsd(*flags, vhid)))
    }

    fn lower_links(
        &mut self,
        entry: &Entry,
        index: &dyn Fn(&[u8]) -> Option<u32>,
    ) -> io::Result<LowerLinks> {
        let is_it = |name: &str| entry.name == name.as_bytes();
        if let Some((_, parent)) = self.vlans.iter().find(|(name, _)| is_it(name)) {
            return Ok(LowerLinks::Vlan(index(parent.as_bytes())));
        }
        let bridge = self.bridges.iter().find(|(name, _)| is_it(name));
        Ok(bridge.map_or(LowerLinks::None, |(_, members)| {
            LowerLinks::Bridge(members.iter().filter_map(|name| index(name.as_bytes())).collect())
        }))
    }
}

/// A NetBSD, whose list is complete.
struct NetBsd;

impl Platform for NetBsd {
    const LAYOUT: Layout = Layout::NetBsd;

    fn state(&mut self, entry: &Entry, ip: IpAddr) -> io::Result<Option<AddressState>> {
        Ok(Some(of_netbsd(ip, entry.address_flags)))
    }

    fn lower_links(
        &mut self,
        _: &Entry,
        _: &dyn Fn(&[u8]) -> Option<u32>,
    ) -> io::Result<LowerLinks> {
        Ok(LowerLinks::None)
    }
}

fn link(index: u8, name: &str) -> Entry {
    let mut address = vec![0, 18];
    address.extend(u16::from(index).to_ne_bytes());
    address.extend([6, name.len() as u8, 6, 0]);
    address.extend(name.as_bytes());
    address.extend([0, 0x16, 0x3e, 0, 0, index]);
    address[0] = address.len() as u8;
    Entry { name: name.into(), flags: IFF_UP, address, ..Entry::default() }
}

fn v4(name: &str, octets: [u8; 4]) -> Entry {
    let address = [&[16, 2, 0, 0][..], &octets, &[0; 8]].concat();
    // As the kernel writes it: no family, and no zeros at the end.
    let netmask = Some(vec![7, 0, 0, 0, 255, 255, 255]);
    Entry { name: name.into(), flags: IFF_UP, address, netmask, ..Entry::default() }
}

fn v6(name: &str, family: u8, text: &str) -> Entry {
    let octets = text.parse::<Ipv6Addr>().unwrap().octets();
    let address = [&[28, family][..], &[0; 6], &octets, &[0; 4]].concat();
    let netmask = Some([&[16, family][..], &[0; 6], &[255; 8]].concat());
    Entry { name: name.into(), flags: IFF_UP, address, netmask, ..Entry::default() }
}

fn network<S: Platform>(entries: &[Entry], system: &mut S) -> (Network, bool) {
    let Interfaces { mut links, addresses, is_tentative } = read(entries, system).unwrap();
    for link in &mut links {
        link.vif = link.name.starts_with(b"x").then_some(0);
    }
    let snapshot = Snapshot { links, addresses, ..Snapshot::default() };
    (snapshot.network(&NicFilter::default()), is_tentative)
}

fn addresses(of: &[facts::Address]) -> Vec<String> {
    of.iter().map(|address| format!("{}/{}", address.ip, address.prefix)).collect()
}

#[test]
fn freebsd_list_gives_link_mac_and_addresses_with_prefixes() {
    let mut system =
        FreeBsd { in6: vec![("fe80::1", 0), ("2001:db8::1", 0)], ..FreeBsd::default() };
    let list = [
        link(2, "xn0"),
        v4("xn0", [192, 0, 2, 10]),
        v6("xn0", 28, "fe80:2::1"),
        v6("xn0", 28, "2001:db8::1"),
        Entry { flags: IFF_UP | IFF_LOOPBACK, ..link(1, "lo0") },
        v4("lo0", [127, 0, 0, 1]),
    ];
    let (network, is_tentative) = network(&list, &mut system);
    let [xn0] = network.links.as_slice() else { panic!("{network:?}") };
    assert_eq!((xn0.index, xn0.name.as_str(), xn0.vif), (2, "xn0", Some(0)));
    assert_eq!(xn0.mac, Some(Mac([0, 0x16, 0x3e, 0, 0, 2])));
    assert_eq!(addresses(&xn0.addresses), ["192.0.2.10/24", "fe80::1/64", "2001:db8::1/64"]);
    assert_eq!(xn0.addresses.iter().map(|a| a.preference.scope).collect::<Vec<_>>(), [0, 253, 0]);
    assert!(!is_tentative);
}

#[test]
fn tentative_address_is_left_out_and_reported() {
    let mut system = FreeBsd { in6: vec![("2001:db8::1", 2)], ..FreeBsd::default() };
    let list = [link(2, "xn0"), v6("xn0", 28, "2001:db8::1")];
    let (network, is_tentative) = network(&list, &mut system);
    assert_eq!((addresses(&network.links[0].addresses), is_tentative), (vec![], true));
}

#[test]
fn duplicated_address_is_left_out_and_not_waited_for() {
    let mut system = FreeBsd { in6: vec![("2001:db8::1", 4)], ..FreeBsd::default() };
    let list = [link(2, "xn0"), v6("xn0", 28, "2001:db8::1")];
    let (network, is_tentative) = network(&list, &mut system);
    assert_eq!((addresses(&network.links[0].addresses), is_tentative), (vec![], false));
}

#[test]
fn address_that_is_gone_when_its_flags_are_read_is_left_out() {
    let list = [link(2, "xn0"), v6("xn0", 28, "2001:db8::1"), v4("xn0", [192, 0, 2, 1])];
    let (network, _) = network(&list, &mut FreeBsd::default());
    assert_eq!(addresses(&network.links[0].addresses), ["192.0.2.1/24"]);
}

#[test]
fn carp_and_link_local_addresses_rank_below_their_own() {
    let shared = Entry { data: Some([6, 0, 0, 0, 0, 7, 0, 0]), ..v4("xn0", [192, 0, 2, 9]) };
    let list = [link(2, "xn0"), shared, v4("xn0", [169, 254, 1, 1]), v4("xn0", [192, 0, 2, 1])];
    let (network, _) = network(&list, &mut FreeBsd::default());
    let preferences: Vec<_> =
        network.links[0].addresses.iter().map(|address| address.preference).collect();
    assert!(preferences[2] < preferences[0] && preferences[0] < preferences[1], "{preferences:?}");
}

#[test]
fn deprecated_address_ranks_below_a_usable_one() {
    let mut system =
        FreeBsd { in6: vec![("2001:db8::1", 0x10), ("2001:db8::2", 0)], ..FreeBsd::default() };
    let list = [link(2, "xn0"), v6("xn0", 28, "2001:db8::1"), v6("xn0", 28, "2001:db8::2")];
    let (network, _) = network(&list, &mut system);
    let [first, second] = network.links[0].addresses.as_slice() else { panic!("{network:?}") };
    assert!(second.preference < first.preference, "{first:?} {second:?}");
}

/// A system whose kernel answers one of the questions with an error.
struct Failing {
    state: bool,
}

impl Platform for Failing {
    const LAYOUT: Layout = Layout::FreeBsd;

    fn state(&mut self, _: &Entry, _: IpAddr) -> io::Result<Option<AddressState>> {
        if self.state { Err(io::Error::from_raw_os_error(5)) } else { Ok(None) }
    }

    fn lower_links(
        &mut self,
        _: &Entry,
        _: &dyn Fn(&[u8]) -> Option<u32>,
    ) -> io::Result<LowerLinks> {
        if self.state { Ok(LowerLinks::None) } else { Err(io::Error::from_raw_os_error(5)) }
    }
}

// An address whose flags are not known may be one that is not to be used.
#[test]
fn question_that_fails_makes_the_whole_list_fail() {
    let list = [link(2, "xn0"), v4("xn0", [192, 0, 2, 1])];
    for state in [true, false] {
        let error = read(&list, &mut Failing { state }).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(5));
    }
}

#[test]
fn netbsd_flags_are_read_by_family() {
    let state = |flags, entry: Entry| Entry { address_flags: flags, ..entry };
    let list = [
        link(1, "xennet0"),
        state(2, v4("xennet0", [192, 0, 2, 1])),
        state(2, v6("xennet0", 24, "2001:db8::1")),
        state(0, v4("xennet0", [192, 0, 2, 2])),
        state(0x80, v6("xennet0", 24, "2001:db8::2")),
    ];
    let (network, is_tentative) = network(&list, &mut NetBsd);
    assert_eq!(addresses(&network.links[0].addresses), ["192.0.2.2/24", "2001:db8::2/64"]);
    assert!(is_tentative && network.links[0].addresses[1].preference.secondary);
}

#[test]
fn vif_has_addresses_of_its_vlan_and_its_bridge() {
    let mut system = FreeBsd {
        vlans: vec![("vlan7", "xn0")],
        bridges: vec![("bridge0", &["xn0", "tap0"])],
        ..FreeBsd::default()
    };
    let list = [
        link(2, "xn0"),
        link(3, "bridge0"),
        v4("bridge0", [192, 0, 2, 1]),
        link(4, "vlan7"),
        v4("vlan7", [198, 51, 100, 1]),
        link(5, "tap0"),
    ];
    let (network, _) = network(&list, &mut system);
    assert_eq!(addresses(&network.links[0].upper_addresses), ["192.0.2.1/24", "198.51.100.1/24"]);
}

#[test]
fn interface_that_is_down_has_no_addresses() {
    let list = [Entry { flags: 0, ..link(2, "xn0") }, v4("xn0", [192, 0, 2, 1])];
    let (network, _) = network(&list, &mut FreeBsd::default());
    assert_eq!(addresses(&network.links[0].addresses), [""; 0]);
}

#[test]
fn entries_without_address_or_of_other_families_are_passed_over() {
    let unix = Entry { address: vec![16, 1, 0, 0], ..link(2, "xn0") };
    let list = [Entry { address: vec![], ..link(9, "gone") }, unix, link(2, "xn0")];
    let (network, _) = network(&list, &mut FreeBsd::default());
    assert_eq!(network.links.len(), 1);
}
