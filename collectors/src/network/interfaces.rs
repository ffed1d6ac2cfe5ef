//! Links and addresses from the list of getifaddrs(3). No I/O: the platform provides what the list lacks,
//! through [`Platform`].

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;

use facts::{AddressPreference, map_of};

use super::address_flags;
use super::rtnetlink::{Address, Link};
use super::sockaddr::{Layout, Sockaddr};
use crate::headers::freebsd::{IFF_LOOPBACK, IFF_UP};
use crate::headers::{linux, netbsd};

/// These two are the same on all systems.
const _: () = assert!(
    IFF_UP == netbsd::IFF_UP
        && IFF_UP == linux::IFF_UP
        && IFF_LOOPBACK == netbsd::IFF_LOOPBACK
        && IFF_LOOPBACK == linux::IFF_LOOPBACK
);

/// An entry of getifaddrs(3): an interface, or an address of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The interface's name.
    pub name: Vec<u8>,
    /// The interface's flags.
    pub flags: u32,
    /// The bytes of the address; empty if there is none.
    pub address: Vec<u8>,
    /// The netmask.
    pub netmask: Option<Vec<u8>>,
    /// The first bytes of what `ifa_data` points to.
    pub data: Option<[u8; 8]>,
    /// The flags of the address itself, on systems that list them.
    pub address_flags: u32,
}

/// The kernel's state of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddressState {
    /// Duplicate address detection runs: the address must not be used yet.
    pub tentative: bool,
    /// Duplicate address detection failed, or the link has changed: the address must not be used.
    pub failed: bool,
    /// Its preferred lifetime is over.
    pub deprecated: bool,
    /// Temporary, or shared with other machines, so not the first choice to reach the guest.
    pub secondary: bool,
}

/// The relation of a link to other links.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LowerLinks {
    /// A NIC, or a link that carries no other link's traffic.
    #[default]
    None,
    /// A VLAN above the link with this index; `None` while it has no lower link.
    Vlan(Option<u32>),
    /// A bridge of the links with these indices.
    Bridge(Vec<u32>),
}

/// Facts of the platform that are not in the list.
pub trait Platform {
    /// The layout of its addresses.
    const LAYOUT: Layout;

    /// The state of an address; `None` if it was removed meanwhile.
    ///
    /// # Errors
    /// If the kernel's state cannot be read.
    fn state(&mut self, entry: &Entry, ip: IpAddr) -> io::Result<Option<AddressState>>;

    /// The relation of the link to others; `index` returns the index of a name.
    ///
    /// # Errors
    /// If the kernel's state cannot be read.
    fn lower_links(
        &mut self,
        entry: &Entry,
        index: &dyn Fn(&[u8]) -> Option<u32>,
    ) -> io::Result<LowerLinks>;
}

/// The content of a list.
#[derive(Debug, Default)]
pub struct Interfaces {
    /// The links, by name.
    pub links: Vec<Link>,
    /// The addresses of these links.
    pub addresses: Vec<Address>,
    /// An address is tentative. Not every system reports the end of duplicate address detection.
    pub is_tentative: bool,
}

/// Converts the whole list.
///
/// # Errors
/// If the platform cannot provide the other facts.
pub fn read<S: Platform>(entries: &[Entry], system: &mut S) -> io::Result<Interfaces> {
    let mut links = BTreeMap::new();
    for entry in entries {
        if let Some(Sockaddr::Link { index, mac }) = S::LAYOUT.decode(&entry.address) {
            let (up, loopback) = (entry.flags & IFF_UP != 0, entry.flags & IFF_LOOPBACK != 0);
            let name = entry.name.clone();
            links.insert(name.clone(), Link { index, up, loopback, name, mac, ..Link::default() });
        }
    }
    stack(entries, &mut links, system)?;
    let (mut addresses, mut is_tentative) = (Vec::new(), false);
    for entry in entries {
        let Some(Sockaddr::Ip(ip)) = S::LAYOUT.decode(&entry.address) else { continue };
        let Some(link) = links.get(&entry.name) else { continue };
        let Some(state) = system.state(entry, ip)? else { continue };
        is_tentative |= state.tentative;
        let prefix = S::LAYOUT.prefix(ip, entry.netmask.as_deref());
        addresses.push(address(link.index, ip, prefix, state));
    }
    Ok(Interfaces { links: links.into_values().collect(), addresses, is_tentative })
}

/// Finds the upper devices.
fn stack<S: Platform>(
    entries: &[Entry],
    links: &mut BTreeMap<Vec<u8>, Link>,
    system: &mut S,
) -> io::Result<()> {
    let indices = map_of(links.iter().map(|(name, link)| (name.clone(), link.index)));
    let index_of = |name: &[u8]| indices.get(name).copied();
    let is_link =
        |entry: &&Entry| matches!(S::LAYOUT.decode(&entry.address), Some(Sockaddr::Link { .. }));
    for entry in entries.iter().filter(is_link) {
        let lower_links = system.lower_links(entry, &index_of)?;
        let upper = index_of(&entry.name);
        if let LowerLinks::Bridge(members) = &lower_links {
            let is_member = |link: &&mut Link| members.contains(&link.index);
            links.values_mut().filter(is_member).for_each(|link| link.master = upper);
        }
        let Some(link) = links.get_mut(&entry.name) else { continue };
        match lower_links {
            LowerLinks::None => {}
            LowerLinks::Vlan(lower) => (link.info_kind, link.lower) = (b"vlan".to_vec(), lower),
            LowerLinks::Bridge(_) => link.info_kind = b"bridge".to_vec(),
        }
    }
    Ok(())
}

fn address(link: u32, ip: IpAddr, prefix: u8, state: AddressState) -> Address {
    let preference = AddressPreference {
        scope: address_flags::scope(ip, 0),
        deprecated: state.deprecated,
        secondary: state.secondary,
        ..AddressPreference::default()
    };
    let usable = !state.tentative && !state.failed;
    Address { link, ip, prefix, usable, failed: state.failed, preference }
}

#[cfg(test)]
mod tests;
