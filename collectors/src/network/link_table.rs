//! The links and addresses as the kernel's messages leave them. No I/O.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use facts::{Address, Mac, Network, Rank};

use super::Exclude;
use super::rtnetlink::{self, Kind};

/// What is known of the network.
#[derive(Debug, Default)]
pub struct Table {
    /// By interface index.
    links: BTreeMap<u32, Entry>,
    /// The addresses that default routes use.
    route_sources: Vec<IpAddr>,
}

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
                let entry = self.links.entry(link.index).or_default();
                if entry.vif.is_none() && entry.link.name != link.name {
                    entry.vif = find_vif(&link);
                }
                entry.link = link;
            }
            Kind::DelLink(index) => {
                self.links.remove(&index);
            }
            Kind::Address(address) => self.set_address(address),
            Kind::DelAddr(address) => {
                if let Some(entry) = self.links.get_mut(&address.link) {
                    entry.addresses.retain(|known| !same(known, &address));
                }
            }
            Kind::Route(_) | Kind::Done | Kind::Refused(_) | Kind::Other => {}
        }
    }

    /// These addresses are what the default routes use now.
    pub fn set_route_sources(&mut self, sources: Vec<IpAddr>) {
        self.route_sources = sources;
    }

    fn set_address(&mut self, address: rtnetlink::Address) {
        // Its link's message comes before; after the link's end there is nothing to hold it.
        let Some(entry) = self.links.get_mut(&address.link) else { return };
        match entry.addresses.iter_mut().find(|known| same(known, &address)) {
            Some(known) => *known = address,
            None => entry.addresses.push(address),
        }
    }

    /// The network as the publisher wants it: all links but loopback and those to `exclude`, the
    /// addresses of those that are up.
    #[must_use]
    pub fn network(&self, exclude: &Exclude) -> Network {
        let wanted =
            |entry: &&Entry| !entry.link.loopback && !exclude.is_asked_for(&entry.link.name);
        let above_vifs: BTreeSet<u32> = self
            .links
            .values()
            .filter(|entry| entry.vif.is_some())
            .flat_map(|entry| self.above(entry))
            .map(|upper| upper.link.index)
            .collect();
        let is_foreign = |entry: &Entry| {
            let is_ours = entry.vif.is_some() || above_vifs.contains(&entry.link.index);
            !is_ours && Exclude::is_of_container(&entry.link.name)
        };
        let links = self.links.values().filter(wanted).filter(|entry| !is_foreign(entry));
        Network { links: links.map(|entry| self.fact(entry, exclude)).collect() }
    }

    fn fact(&self, entry: &Entry, exclude: &Exclude) -> facts::Link {
        let is_nic = entry.vif.is_some() || entry.link.sort.is_empty();
        let above = if is_nic { self.above(entry) } else { Vec::new() };
        let above = above.into_iter().filter(|upper| !exclude.is_asked_for(&upper.link.name));
        facts::Link {
            index: entry.link.index,
            name: String::from_utf8_lossy(&entry.link.name).into_owned(),
            mac: entry.link.mac,
            vif: entry.vif,
            perm_mac: entry.perm_mac(),
            addresses: self.usable(entry, false).collect(),
            upper_addresses: above.flat_map(|upper| self.usable(upper, true)).collect(),
        }
    }

    /// What stands on a link, to any depth, the nearest first.
    fn above<'a>(&'a self, entry: &'a Entry) -> Vec<&'a Entry> {
        let mut found = vec![entry];
        let mut at = 0;
        while let Some(&lower) = found.get(at) {
            for upper in self.links.values() {
                let is_new = found.iter().all(|known| known.link.index != upper.link.index);
                if is_new && stands_on(&upper.link, &lower.link) {
                    found.push(upper);
                }
            }
            at += 1;
        }
        found.split_off(1)
    }

    /// The addresses of a link by which one reaches the guest now.
    fn usable(&self, entry: &Entry, upper_addresses: bool) -> impl Iterator<Item = Address> {
        let usable = entry.addresses.iter().filter(|address| entry.link.up && address.usable);
        usable.map(move |&rtnetlink::Address { ip, prefix, rank, .. }| {
            let not_default_source = !self.route_sources.contains(&ip);
            Address { ip, prefix, rank: Rank { upper_addresses, not_default_source, ..rank } }
        })
    }
}

impl Entry {
    /// What stands on other links often has a MAC of theirs.
    fn perm_mac(&self) -> Option<Mac> {
        let is_device = self.vif.is_none() && !stands_on_others(&self.link);
        self.link.permanent.or(self.link.mac).filter(|_| is_device)
    }
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
