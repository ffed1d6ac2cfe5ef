//! The links and addresses of the guest, from the kernel's messages. No I/O.

use std::collections::BTreeMap;
use std::net::IpAddr;

use facts::{Address, AddressPreference, Mac, Network};

use super::Exclude;
use super::address_list::AddressList;
use super::nic::Nic;
use super::rtnetlink::{self, Payload};
use super::upper_devices::{UpperDevices, is_passable, is_upper_kind};
use super::vif::VifLookup;

/// All known links and addresses.
#[derive(Debug, Default)]
pub struct Table {
    /// By interface index.
    links: BTreeMap<u32, Entry>,
    /// The source addresses of default routes.
    route_sources: Vec<IpAddr>,
    /// The number of the last dump.
    dump: u32,
}

#[derive(Debug, Default)]
struct Entry {
    link: rtnetlink::Link,
    vif: VifLookup,
    addresses: AddressList,
    /// The number of the last dump that had the link.
    dump: u32,
}

impl Table {
    /// Applies one message; `true` if it changed something. `find_vif` is called for each message about a
    /// link until its answer is final.
    pub fn apply(
        &mut self,
        payload: Payload,
        find_vif: impl FnOnce(&rtnetlink::Link) -> VifLookup,
    ) -> bool {
        match payload {
            Payload::Link(link) => self.set_link(link, find_vif),
            Payload::DelLink(index) => self.links.remove(&index).is_some(),
            // The message about its link comes before. After the link is removed, the address is not needed.
            Payload::Address(address) => self
                .links
                .get_mut(&address.link)
                .is_some_and(|entry| entry.addresses.set(address, self.dump)),
            Payload::DelAddr(address) => self
                .links
                .get_mut(&address.link)
                .is_some_and(|entry| entry.addresses.remove(&address)),
            Payload::Route(_) | Payload::Rule | Payload::Done | Payload::Error(_) => false,
            Payload::Other => false,
        }
    }

    fn set_link(
        &mut self,
        link: rtnetlink::Link,
        find_vif: impl FnOnce(&rtnetlink::Link) -> VifLookup,
    ) -> bool {
        let entry = self.links.entry(link.index).or_default();
        let vif = match entry.vif {
            VifLookup::Unknown if is_upper_kind(&link.info_kind) => VifLookup::NotVif,
            VifLookup::Unknown => find_vif(&link),
            known => known,
        };
        let is_change = entry.vif != vif || entry.link != link;
        if entry.link.up && !link.up {
            entry.addresses.link_goes_down();
        }
        (entry.link, entry.vif, entry.dump) = (link, vif, self.dump);
        is_change
    }

    /// The number of links.
    #[must_use]
    pub fn links(&self) -> usize {
        self.links.len()
    }

    /// A dump of all links and addresses begins.
    pub fn begin_dump(&mut self) {
        self.dump = self.dump.wrapping_add(1);
    }

    /// The dump was consistent: removes links and addresses that were neither in it nor in a message since its
    /// begin.
    pub fn end_dump(&mut self) {
        let dump = self.dump;
        self.links.retain(|_, entry| entry.dump == dump);
        self.links.values_mut().for_each(|entry| {
            entry.addresses.keep_only(dump);
        });
    }

    /// Calls `find_vif` again for the links without a final answer.
    pub fn find_vifs(&mut self, mut find_vif: impl FnMut(&rtnetlink::Link) -> VifLookup) {
        for entry in self.links.values_mut().filter(|entry| entry.vif == VifLookup::Unknown) {
            entry.vif = find_vif(&entry.link);
        }
    }

    /// Sets the source addresses of default routes; `true` if they have changed.
    pub fn set_route_sources(&mut self, sources: Vec<IpAddr>) -> bool {
        let is_change = self.route_sources != sources;
        self.route_sources = sources;
        is_change
    }

    /// Whether a source address of a default route was removed: the route has another one now, or was removed too.
    #[must_use]
    pub fn lacks_route_source(&self) -> bool {
        let is_usable = |source: &IpAddr| {
            self.links.values().flat_map(Entry::usable).any(|address| address.ip == *source)
        };
        !self.route_sources.iter().all(is_usable)
    }

    /// The network as it is published: all links but loopback and those to `exclude`, with the addresses of links
    /// that are up.
    #[must_use]
    pub fn network(&self, exclude: &Exclude) -> Network {
        let uppers = UpperDevices::new(self.links.values().map(|entry| &entry.link));
        let is_published =
            |entry: &&Entry| !entry.link.loopback && !exclude.is_excluded(&entry.link.name);
        let links = self.links.values().filter(is_published);
        let links = links.map(|entry| self.fact(entry, &uppers, exclude)).collect();
        Network { links, lacks_vif: false }
    }

    /// The NICs of the guest, with what keeps their addresses from being published: neither loopback nor
    /// upper devices, tunnels and containers' NICs. Their drivers are not known here.
    #[must_use]
    pub fn nics(&self, exclude: &Exclude) -> Vec<Nic> {
        let is_nic = |entry: &&Entry| {
            let is_device = entry.vif.vif().is_some() || entry.link.info_kind.is_empty();
            is_device && !entry.link.loopback
        };
        self.links.values().filter(is_nic).map(|entry| entry.nic(exclude)).collect()
    }

    fn fact(&self, entry: &Entry, uppers: &UpperDevices, exclude: &Exclude) -> facts::Link {
        let link = &entry.link;
        let is_nic = entry.vif.vif().is_some() || link.info_kind.is_empty();
        let is_open = |index| self.links.get(&index).is_some_and(|e| is_passable(&e.link));
        let above = if is_nic { uppers.above(&[link.index], is_open) } else { Vec::new() };
        let above = above.iter().filter_map(|index| self.links.get(index));
        let above = above.filter(|upper| !exclude.is_excluded(&upper.link.name));
        facts::Link {
            index: link.index,
            name: String::from_utf8_lossy(&link.name).into_owned(),
            mac: link.mac,
            vif: entry.vif.vif(),
            perm_mac: entry.perm_mac(),
            addresses: self.addresses(entry, false).collect(),
            upper_addresses: above.flat_map(|upper| self.addresses(upper, true)).collect(),
        }
    }

    fn addresses(&self, entry: &Entry, upper_addresses: bool) -> impl Iterator<Item = Address> {
        entry.usable().map(move |&rtnetlink::Address { ip, prefix, preference, .. }| {
            let not_default_source = !self.route_sources.contains(&ip);
            Address {
                ip,
                prefix,
                preference: AddressPreference { upper_addresses, not_default_source, ..preference },
            }
        })
    }
}

impl Entry {
    /// The addresses at which the guest can be reached now.
    fn usable(&self) -> impl Iterator<Item = &rtnetlink::Address> {
        self.addresses.iter().filter(|address| self.link.up && address.usable)
    }

    fn nic(&self, exclude: &Exclude) -> Nic {
        let unusable = |failed: bool| {
            let is_so =
                move |address: &&rtnetlink::Address| !address.usable && address.failed == failed;
            self.addresses.iter().filter(is_so).map(|address| address.ip).collect()
        };
        Nic {
            index: self.link.index,
            name: String::from_utf8_lossy(&self.link.name).into_owned(),
            vif: self.vif.vif(),
            perm_mac: self.perm_mac(),
            driver: None,
            is_up: self.link.up,
            is_excluded: exclude.is_excluded(&self.link.name),
            tentative: unusable(false),
            failed: unusable(true),
        }
    }

    /// The permanent MAC, else the current one. `None` for VIFs and upper devices: an upper device often
    /// has a copy of the MAC of its lower device.
    fn perm_mac(&self) -> Option<Mac> {
        let is_device = self.vif.vif().is_none() && !is_upper_device(&self.link);
        self.link.perm_mac.or(self.link.mac).filter(|_| is_device)
    }
}

/// Tunnels too have a lower device; the IFLA_LINK of a veth is its peer.
fn is_upper_device(link: &rtnetlink::Link) -> bool {
    is_upper_kind(&link.info_kind) || link.lower.is_some() && link.info_kind != b"veth"
}

#[cfg(test)]
mod tests;
