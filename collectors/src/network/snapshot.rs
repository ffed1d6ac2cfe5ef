//! The network at one moment, as the system lists it, and what is published of it. No I/O.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use facts::{AddressPreference, Mac, Network, map_of};

use super::NicFilter;
use super::rtnetlink::{Address, Link};
use super::upper_devices::{UpperDevices, is_passable, is_upper_kind};
use crate::bounded_read::link_target;

/// What a system lists.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// The links.
    pub links: Vec<Link>,
    /// The addresses of all links, in the kernel's order.
    pub addresses: Vec<Address>,
    /// The source addresses of the default routes.
    pub route_sources: Vec<IpAddr>,
    /// The error because of which the VIF of a link is not known.
    pub vif_error: Option<io::Error>,
    /// After this time, list again without a message of the kernel.
    pub again: Option<Duration>,
}

impl Snapshot {
    /// The network as it is published: all links but loopback and those to `exclude`, with the addresses of links
    /// that are up.
    #[must_use]
    pub fn network(&self, exclude: &NicFilter) -> Network {
        let view = View::new(self);
        let is_published = |link: &&&Link| !link.loopback && !exclude.is_excluded(&link.name);
        let links = view.links.values().filter(is_published);
        let links = links.map(|link| view.fact(link, exclude)).collect();
        Network { links, lacks_vif: self.vif_error.is_some() }
    }

    /// The NICs of the guest, with what keeps their addresses from being published: neither loopback nor
    /// upper devices, tunnels and containers' NICs. Their drivers are not known here.
    #[must_use]
    pub fn nics(&self, exclude: &NicFilter) -> Vec<Nic> {
        let view = View::new(self);
        let is_device = |link: &&&Link| is_nic(link) && !link.loopback;
        view.links.values().filter(is_device).map(|link| view.nic(link, exclude)).collect()
    }
}

/// A snapshot by interface index.
struct View<'a> {
    links: BTreeMap<u32, &'a Link>,
    addresses: BTreeMap<u32, Vec<&'a Address>>,
    uppers: UpperDevices,
    route_sources: &'a [IpAddr],
}

impl<'a> View<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        let mut addresses = BTreeMap::<u32, Vec<&Address>>::new();
        for address in &snapshot.addresses {
            addresses.entry(address.link).or_default().push(address);
        }
        Self {
            links: map_of(snapshot.links.iter().map(|link| (link.index, link))),
            addresses,
            uppers: UpperDevices::new(snapshot.links.iter()),
            route_sources: &snapshot.route_sources,
        }
    }

    fn fact(&self, link: &Link, exclude: &NicFilter) -> facts::Link {
        let is_open = |index| self.links.get(&index).is_some_and(|link| is_passable(link));
        let above =
            if is_nic(link) { self.uppers.above(&[link.index], is_open) } else { Vec::new() };
        let above = above.iter().filter_map(|index| self.links.get(index));
        let above = above.filter(|upper| !exclude.is_excluded(&upper.name));
        facts::Link {
            index: link.index,
            name: String::from_utf8_lossy(&link.name).into_owned(),
            mac: link.mac,
            vif: link.vif,
            perm_mac: perm_mac(link),
            addresses: self.usable(link, false).collect(),
            upper_addresses: above.flat_map(|upper| self.usable(upper, true)).collect(),
        }
    }

    fn of(&self, link: &Link) -> impl Iterator<Item = &Address> {
        self.addresses.get(&link.index).into_iter().flatten().copied()
    }

    /// The addresses at which the guest can be reached now.
    fn usable(&self, link: &Link, on_upper_device: bool) -> impl Iterator<Item = facts::Address> {
        let usable = self.of(link).filter(|address| link.up && address.usable);
        usable.map(move |&Address { ip, prefix, preference, .. }| {
            let not_default_source = !self.route_sources.contains(&ip);
            facts::Address {
                ip,
                prefix,
                preference: AddressPreference { on_upper_device, not_default_source, ..preference },
            }
        })
    }

    fn nic(&self, link: &Link, exclude: &NicFilter) -> Nic {
        let unusable = |failed: bool| {
            let is_so = move |address: &&Address| !address.usable && address.failed == failed;
            self.of(link).filter(is_so).map(|address| address.ip).collect()
        };
        Nic {
            index: link.index,
            name: String::from_utf8_lossy(&link.name).into_owned(),
            vif: link.vif,
            perm_mac: perm_mac(link),
            driver: None,
            is_up: link.up,
            is_excluded: exclude.is_excluded(&link.name),
            tentative: unusable(false),
            failed: unusable(true),
        }
    }
}

fn is_nic(link: &Link) -> bool {
    link.vif.is_some() || link.info_kind.is_empty()
}

/// The permanent MAC, else the current one. `None` for VIFs and upper devices: an upper device often has a copy
/// of the MAC of its lower device.
fn perm_mac(link: &Link) -> Option<Mac> {
    let is_device = link.vif.is_none() && !is_upper_device(link);
    link.perm_mac.or(link.mac).filter(|_| is_device)
}

/// Tunnels too have a lower device; the IFLA_LINK of a veth is its peer.
fn is_upper_device(link: &Link) -> bool {
    is_upper_kind(&link.info_kind) || link.lower.is_some() && link.info_kind != b"veth"
}

/// A NIC of the guest, and what keeps its addresses from being published: what people ask for when a host shows none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nic {
    /// The kernel's interface index.
    pub index: u32,
    /// The interface's name; what is not UTF-8 in it is replaced.
    pub name: String,
    /// `N` of the backend's `device/vif/N`, when the NIC is a Xen VIF.
    pub vif: Option<u32>,
    /// The Ethernet address that the device came with; `None` for VIFs.
    pub perm_mac: Option<Mac>,
    /// The name of the driver of its device, where sysfs shows it: `e1000`.
    pub driver: Option<String>,
    /// It is up, administratively.
    pub is_up: bool,
    /// `--exclude-nics` has it.
    pub is_excluded: bool,
    /// Addresses that are tentative: duplicate address detection is not over.
    pub tentative: Vec<IpAddr>,
    /// Addresses that failed duplicate address detection.
    pub failed: Vec<IpAddr>,
}

/// The driver of the device of the NIC with this name, from sysfs below `root`.
pub fn driver(root: &Path, name: &str) -> Option<String> {
    let link = root.join("sys/class/net").join(name).join("device/driver");
    Some(link_target(&link)?.file_name()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;
