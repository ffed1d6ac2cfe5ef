//! Addresses of the three systems, byte by byte.

use super::Layout::{FreeBsd, Linux, NetBsd};
use super::*;

const MAC: [u8; 6] = [0, 0x16, 0x3e, 1, 2, 3];

/// A `sockaddr_dl` of interface 3.
fn dl(name: &str, address: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 18];
    bytes.extend(3_u16.to_ne_bytes());
    bytes.extend([6, name.len() as u8, address.len() as u8, 0]);
    bytes.extend(name.as_bytes());
    bytes.extend(address);
    bytes[0] = bytes.len() as u8;
    bytes
}

fn ll(address: &[u8]) -> Vec<u8> {
    let mut bytes = 17_u16.to_ne_bytes().to_vec();
    bytes.extend([0, 0]);
    bytes.extend(3_u32.to_ne_bytes());
    bytes.extend([1, 0, 0, address.len() as u8]);
    bytes.extend(address);
    bytes.resize(20, 0);
    bytes
}

fn in4(layout: Layout, octets: [u8; 4]) -> Vec<u8> {
    let head = if layout == Linux { 2_u16.to_ne_bytes() } else { [16, 2] };
    [&head[..], &[0, 0], &octets, &[0; 8]].concat()
}

fn in6(layout: Layout, text: &str) -> Vec<u8> {
    let head = match layout {
        FreeBsd => [28, 28],
        NetBsd => [28, 24],
        Linux => 10_u16.to_ne_bytes(),
    };
    let octets = text.parse::<Ipv6Addr>().unwrap().octets();
    [&head[..], &[0; 6], &octets, &[0; 4]].concat()
}

#[test]
fn link_has_index_and_mac_in_each_layout() {
    let link = Some(Sockaddr::Link { index: 3, mac: Some(Mac(MAC)) });
    assert_eq!(FreeBsd.decode(&dl("xn0", &MAC)), link);
    assert_eq!(NetBsd.decode(&dl("xennet0", &MAC)), link);
    assert_eq!(Linux.decode(&ll(&MAC)), link);
}

#[test]
fn link_without_six_byte_address_has_no_mac() {
    let link = Some(Sockaddr::Link { index: 3, mac: None });
    for address in [&[][..], &[1; 8], &[1; 20]] {
        assert_eq!(FreeBsd.decode(&dl("lo0", address)), link);
    }
    assert_eq!(Linux.decode(&ll(&[])), link);
}

// `sa_len`, not the size of the structure in C, is the length.
#[test]
fn mac_behind_the_end_that_sa_len_names_is_none() {
    let mut bytes = dl("xn0", &MAC);
    bytes[0] -= 1;
    assert_eq!(FreeBsd.decode(&bytes), Some(Sockaddr::Link { index: 3, mac: None }));
}

#[test]
fn ip_address_is_decoded_in_each_layout() {
    for layout in [FreeBsd, NetBsd, Linux] {
        let v4 = layout.decode(&in4(layout, [192, 0, 2, 10]));
        assert_eq!(v4, Some(Sockaddr::Ip([192, 0, 2, 10].into())), "{layout:?}");
        let v6 = layout.decode(&in6(layout, "2001:db8::a"));
        assert_eq!(v6, Some(Sockaddr::Ip("2001:db8::a".parse().unwrap())), "{layout:?}");
    }
}

#[test]
fn families_of_another_system_are_none() {
    assert_eq!(NetBsd.decode(&in6(FreeBsd, "2001:db8::a")), None);
    assert_eq!(FreeBsd.decode(&in6(NetBsd, "2001:db8::a")), None);
}

#[test]
fn kame_scope_is_cleared_from_link_local_addresses_only() {
    for layout in [FreeBsd, NetBsd] {
        let decode = |text| layout.decode(&in6(layout, text));
        assert_eq!(decode("fe80:103::1"), Some(Sockaddr::Ip("fe80::1".parse().unwrap())));
        assert_eq!(decode("2001:3::1"), Some(Sockaddr::Ip("2001:3::1".parse().unwrap())));
    }
    let kept = Some(Sockaddr::Ip("fe80:3::1".parse().unwrap()));
    assert_eq!(Linux.decode(&in6(Linux, "fe80:3::1")), kept);
}

#[test]
fn netmask_shorter_than_an_address_is_filled_with_zeros() {
    let v4 = [192, 0, 2, 10].into();
    let v6 = "2001:db8::a".parse().unwrap();
    for (ip, mask, bits) in [
        (v4, &[7, 0, 0, 0, 255, 255, 255][..], 24),
        (v4, &[6, 255, 255, 255, 255, 254], 15),
        (v4, &[8, 2, 0, 0, 255, 255, 255, 255, 255], 32),
        (v4, &[9, 2, 0, 0, 255, 255, 255, 255, 255], 32),
        (v4, &[5, 0, 0, 0, 255], 8),
        (v4, &[4, 0, 0, 0], 0),
        (v4, &[0], 0),
        (v4, &[], 0),
        (v4, &[16, 2, 0, 0, 255, 0, 255, 0], 8),
        (v6, &[16, 28, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255], 64),
        (v6, &[9, 28, 0, 0, 0, 0, 0, 0, 0xfe], 7),
        (v6, &[0, 0], 0),
    ] {
        assert_eq!(FreeBsd.prefix(ip, Some(mask)), bits, "{mask:?}");
        assert_eq!(NetBsd.prefix(ip, Some(mask)), bits, "{mask:?}");
    }
    assert_eq!(Linux.prefix(v4, Some(&in4(Linux, [255, 255, 254, 0]))), 23);
    assert_eq!(Linux.prefix(v6, Some(&in6(Linux, "ffff:ffff:ffff:ffff::"))), 64);
}

#[test]
fn address_without_netmask_is_that_of_one_host() {
    assert_eq!(FreeBsd.prefix([192, 0, 2, 10].into(), None), 32);
    assert_eq!(FreeBsd.prefix("2001:db8::a".parse().unwrap(), None), 128);
}

#[test]
fn address_cut_anywhere_is_decoded_or_none() {
    for layout in [FreeBsd, NetBsd, Linux] {
        for whole in [dl("xn0", &MAC), ll(&MAC), in4(layout, [1; 4]), in6(layout, "fe80::1")] {
            for end in 0..whole.len() {
                let _ = layout.decode(&whole[..end]);
                let _ = layout.prefix([192, 0, 2, 1].into(), Some(&whole[..end]));
            }
        }
    }
}
