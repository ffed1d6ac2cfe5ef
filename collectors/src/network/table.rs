//! The links and addresses as the kernel's messages leave them. No I/O.

use std::collections::BTreeMap;

use facts::{Address, Mac, Network, Rank};

use super::rtnetlink::{self, Kind};

/// What is known of each link, by interface index.
#[derive(Debug, Default)]
pub struct Table(BTreeMap<u32, Entry>);

#[derive(Debug, Default)]
struct Entry {
    link: rtnetlink::Link,
    vif: Option<u32>,
    /// In the kernel's order: that of a dump, and what came since at the end.
    addresses: Vec<rtnetlink::Address>,
}

impl Table {
    /// Folds one message in. `find_vif` is asked which VIF a link is, until it knows one: a device
    /// never changes below a link, but the name under which sysfs shows it does.
    pub fn fold(&mut self, kind: Kind, find_vif: impl Fn(&rtnetlink::Link) -> Option<u32>) {
        match kind {
            Kind::Link(link) => {
                let entry = self.0.entry(link.index).or_default();
                if entry.vif.is_none() && entry.link.name != link.name {
                    entry.vif = find_vif(&link);
                }
                entry.link = link;
            }
            Kind::LinkGone(index) => {
                self.0.remove(&index);
            }
            Kind::Address(address) => self.set_address(address),
            Kind::AddressGone(address) => {
                if let Some(entry) = self.0.get_mut(&address.link) {
                    entry.addresses.retain(|known| !same(known, &address));
                }
            }
            Kind::Done | Kind::Refused(_) | Kind::Other => {}
        }
    }

    fn set_address(&mut self, address: rtnetlink::Address) {
        // Its link's message comes before; after the link's end there is nothing to hold it.
        let Some(entry) = self.0.get_mut(&address.link) else { return };
        match entry.addresses.iter_mut().find(|known| same(known, &address)) {
            Some(known) => *known = address,
            None => entry.addresses.push(address),
        }
    }

    /// The network as the publisher wants it: all links but loopback, the addresses of those that
    /// are up.
    #[must_use]
    pub fn network(&self) -> Network {
        let links =
            self.0.values().filter(|entry| !entry.link.loopback).map(|entry| self.fact(entry));
        Network { links: links.collect() }
    }

    fn fact(&self, entry: &Entry) -> facts::Link {
        let is_nic = entry.vif.is_some() || entry.link.sort.is_empty();
        let above = if is_nic { self.above(entry) } else { Vec::new() };
        facts::Link {
            index: entry.link.index,
            name: String::from_utf8_lossy(&entry.link.name).into_owned(),
            mac: entry.link.mac,
            vif: entry.vif,
            hardware: entry.hardware(),
            addresses: entry.usable().collect(),
            inherited: above.into_iter().flat_map(Entry::usable).map(inherited).collect(),
        }
    }

    /// What stands on a link, to any depth, the nearest first.
    fn above<'a>(&'a self, entry: &'a Entry) -> Vec<&'a Entry> {
        let mut found = vec![entry];
        let mut at = 0;
        while let Some(&lower) = found.get(at) {
            for upper in self.0.values() {
                let is_new = found.iter().all(|known| known.link.index != upper.link.index);
                if is_new && stands_on(&upper.link, &lower.link) {
                    found.push(upper);
                }
            }
            at += 1;
        }
        found.split_off(1)
    }
}

impl Entry {
    /// What stands on other links often has a MAC of theirs.
    fn hardware(&self) -> Option<Mac> {
        let is_device = self.vif.is_none() && !stands_on_others(&self.link);
        self.link.permanent.or(self.link.mac).filter(|_| is_device)
    }

    /// The addresses by which one reaches the guest now.
    fn usable(&self) -> impl Iterator<Item = Address> {
        let usable = self.addresses.iter().filter(|address| self.link.up && address.usable);
        usable.map(|&rtnetlink::Address { ip, prefix, rank, .. }| Address { ip, prefix, rank })
    }
}

fn inherited(address: Address) -> Address {
    Address { rank: Rank { inherited: true, ..address.rank }, ..address }
}

/// Whether what comes for the addresses of `upper` comes through `lower`. A tunnel stands on a link
/// too, but its addresses are in another network; the link of a veth is its other end.
fn stands_on(upper: &rtnetlink::Link, lower: &rtnetlink::Link) -> bool {
    match upper.sort.as_slice() {
        b"bridge" | b"bond" | b"team" => lower.master == Some(upper.index),
        b"vlan" | b"macvlan" | b"macvtap" | b"ipvlan" | b"ipvtap" => {
            upper.lower == Some(lower.index)
        }
        _ => false,
    }
}

/// The other end of a veth is not below it.
fn stands_on_others(link: &rtnetlink::Link) -> bool {
    match link.sort.as_slice() {
        b"bridge" | b"bond" | b"team" => true,
        sort => link.lower.is_some() && sort != b"veth",
    }
}

/// The kernel tells addresses of a link apart by address and prefix.
fn same(a: &rtnetlink::Address, b: &rtnetlink::Address) -> bool {
    (a.ip, a.prefix) == (b.ip, b.prefix)
}

#[cfg(test)]
mod tests;
