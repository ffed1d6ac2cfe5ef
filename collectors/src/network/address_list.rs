//! The addresses of one link in the kernel's order. Pure; a change of one address does not iterate over all.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use super::rtnetlink::Address;

/// The key that identifies an address of one link in the kernel. IPv4: address, prefix and peer
/// (`__inet_insert_ifa` in `net/ipv4/devinet.c`). IPv6: the address only (`ipv6_get_ifaddr` in
/// `net/ipv6/addrconf.c`), whose peer may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddressKey(IpAddr, Option<(u8, Option<IpAddr>)>);

impl AddressKey {
    /// The key of this address.
    #[must_use]
    pub fn of(address: &Address) -> Self {
        Self(address.ip, address.ip.is_ipv4().then_some((address.prefix, address.peer)))
    }
}

/// Addresses in the order in which they were added.
#[derive(Debug, Default)]
pub struct AddressList {
    next: u64,
    positions: HashMap<AddressKey, u64>,
    /// Each with the number of the last dump that had it.
    addresses: BTreeMap<u64, (Address, u32)>,
}

impl AddressList {
    /// Adds an address, or replaces its state; `true` if this is a change.
    pub fn set(&mut self, address: Address, dump: u32) -> bool {
        let position = *self.positions.entry(AddressKey::of(&address)).or_insert(self.next);
        self.next = self.next.max(position.saturating_add(1));
        let before = self.addresses.insert(position, (address, dump));
        before.is_none_or(|(before, _)| before != address)
    }

    /// Removes an address; `true` if it existed.
    pub fn remove(&mut self, address: &Address) -> bool {
        let position = self.positions.remove(&AddressKey::of(address));
        position.and_then(|position| self.addresses.remove(&position)).is_some()
    }

    /// The link was set down. IPv6 addresses that the kernel keeps then (sysctl `keep_addr_on_down`) become
    /// tentative without an event. After the link is up again, an event follows duplicate address detection
    /// (`addrconf_ifdown` and `fixup_permanent_addr` in `net/ipv6/addrconf.c`).
    pub fn link_goes_down(&mut self) {
        let kept = self.addresses.values_mut().filter(|(address, _)| address.ip.is_ipv6());
        kept.for_each(|(address, _)| address.usable = false);
    }

    /// Removes the addresses that this dump did not have; `true` if there were any.
    pub fn keep_only(&mut self, dump: u32) -> bool {
        let before = self.addresses.len();
        self.addresses.retain(|_, (_, seen)| *seen == dump);
        self.positions.retain(|_, position| self.addresses.contains_key(position));
        self.addresses.len() != before
    }

    /// The addresses in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Address> {
        self.addresses.values().map(|(address, _)| address)
    }
}
