//! Lists of getifaddrs(3) on FreeBSD, NetBSD and Linux, and the memory counters of NetBSD.
//!
//! The input is a list: for each entry a byte of flags, the lengths of address and netmask, and their bytes.

#![no_main]

use std::io;
use std::net::IpAddr;

use collectors::memory::vm_stats::of_netbsd;
use collectors::network::address_flags::{of_freebsd, of_linux, of_netbsd as state_of_netbsd};
use collectors::network::interfaces::{AddressState, Entry, LowerLinks, Platform, read};
use collectors::network::sockaddr::{Layout, Sockaddr};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let entries = entries(input);
    check::<FreeBsd>(&entries);
    check::<NetBsd>(&entries);
    check::<Linux>(&entries);
    if let Some((total, available)) = of_netbsd(input, None) {
        assert!(0 < total && available <= total);
    }
});

fn entries(mut rest: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    while let Some((&[flags, address, netmask], after)) = rest.split_first_chunk() {
        let (address, after) = after.split_at(after.len().min(usize::from(address % 64)));
        let (mask, after) = after.split_at(after.len().min(usize::from(netmask % 64)));
        entries.push(Entry {
            name: vec![b'a' + flags % 4],
            flags: flags.into(),
            address: address.into(),
            netmask: (netmask < 128).then(|| mask.into()),
            data: Some([flags; 8]),
            address_flags: netmask.into(),
        });
        rest = after;
    }
    entries
}

/// Checks that everything published is in the list and in bounds.
fn check<S: Platform + Default>(entries: &[Entry]) {
    let read = read(entries, &mut S::default()).unwrap();
    let links: Vec<u32> = read.links.iter().map(|link| link.index).collect();
    for address in read.addresses {
        assert!(links.contains(&address.link));
        assert!(address.prefix <= if address.ip.is_ipv4() { 32 } else { 128 });
        if let IpAddr::V6(ip) = address.ip {
            let scope = ip.segments()[1];
            assert!(S::LAYOUT == Layout::Linux || !ip.is_unicast_link_local() || scope == 0);
        }
    }
    for entry in entries {
        let whole = S::LAYOUT.decode(&entry.address);
        // Bytes after the length that an address states are not read.
        let longer = [&entry.address[..], &[0xff; 9]].concat();
        assert!(whole.is_none() || S::LAYOUT.decode(&longer) == whole);
        if let Some(Sockaddr::Ip(ip)) = whole {
            assert_eq!(S::LAYOUT.decode(&entry.address), Some(Sockaddr::Ip(ip)));
        }
    }
}

macro_rules! system {
    ($name:ident, $state:expr) => {
        #[derive(Default)]
        struct $name;

        impl Platform for $name {
            const LAYOUT: Layout = Layout::$name;

            fn state(&mut self, entry: &Entry, ip: IpAddr) -> io::Result<Option<AddressState>> {
                let state: fn(&Entry, IpAddr) -> AddressState = $state;
                Ok((entry.flags != 7).then(|| state(entry, ip)))
            }

            fn lower_links(
                &mut self,
                entry: &Entry,
                index: &dyn Fn(&[u8]) -> Option<u32>,
            ) -> io::Result<LowerLinks> {
                Ok(match entry.flags % 3 {
                    0 => LowerLinks::Vlan(index(b"a")),
                    1 => LowerLinks::Bridge(
                        [&b"b"[..], b"c"].into_iter().filter_map(index).collect(),
                    ),
                    _ => LowerLinks::None,
                })
            }
        }
    };
}
system!(FreeBsd, |entry, _| of_freebsd(entry.address_flags, 0));
system!(NetBsd, |entry, ip| state_of_netbsd(ip, entry.address_flags));
system!(Linux, |entry, _| of_linux(entry.address_flags));
