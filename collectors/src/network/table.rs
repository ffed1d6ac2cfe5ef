//! The links and addresses as the kernel's messages leave them. No I/O.

use std::collections::BTreeMap;

use facts::{Address, Network};

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
        let links = self.0.values().filter(|entry| !entry.link.loopback).map(Entry::fact);
        Network { links: links.collect() }
    }
}

impl Entry {
    fn fact(&self) -> facts::Link {
        let usable = self.addresses.iter().filter(|address| self.link.up && address.usable);
        facts::Link {
            index: self.link.index,
            name: String::from_utf8_lossy(&self.link.name).into_owned(),
            mac: self.link.mac,
            vif: self.vif,
            addresses: usable
                .map(|&rtnetlink::Address { ip, prefix, rank, .. }| Address { ip, prefix, rank })
                .collect(),
        }
    }
}

/// The kernel tells addresses of a link apart by address and prefix.
fn same(a: &rtnetlink::Address, b: &rtnetlink::Address) -> bool {
    (a.ip, a.prefix) == (b.ip, b.prefix)
}

#[cfg(test)]
mod tests;
