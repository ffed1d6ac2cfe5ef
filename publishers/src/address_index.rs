//! The indices of addresses below `attr/vif/$ID/ipv4` and `ipv6`, and of volumes below `data/volumes`.
//! Pure; cannot fail.
//!
//! Toolstacks show the address with the lowest index first, so the preferred address has it. The others keep
//! their index, so that a change causes no other writes. Earlier indices are read from the published keys,
//! which a restarted agent reads back, so this module has no state.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use facts::{Address, decimal, map_of, set_of};

use crate::key_tree::Tree;

/// The preferred address may have any index below this one. Above it, which no agent writes, too few indices
/// would be left for the other addresses.
const HIGHEST_FIRST: u32 = 1 << 31;

/// Gives each address an index. `before` has the published indices.
#[must_use]
pub fn assign(before: &BTreeMap<u32, IpAddr>, addresses: &[Address]) -> BTreeMap<u32, Address> {
    let addresses = best_first(addresses);
    let mut indices = kept(before, &addresses);
    let Some(preferred) = preferred(&indices, &addresses) else { return indices };
    put_first(&mut indices, preferred);
    let lowest = indices.keys().next().copied().unwrap_or(0);
    let mut free = (lowest..).skip(1);
    let mut placed = set_of(indices.values().map(|known| known.ip));
    for address in addresses.into_iter().filter(|address| placed.insert(address.ip)) {
        let index = free.find(|index| !indices.contains_key(index));
        index.map(|index| indices.insert(index, address));
    }
    indices
}

/// The addresses by preference, equal ones in the kernel's order. One with several prefixes is listed once,
/// with the best preference.
fn best_first(addresses: &[Address]) -> Vec<Address> {
    let mut addresses = addresses.to_vec();
    addresses.sort_by_key(|address| address.preference);
    let mut seen = BTreeSet::new();
    addresses.retain(|address| seen.insert(address.ip));
    addresses
}

/// The published addresses that still exist, with their index: the lower one if an address has two.
fn kept(before: &BTreeMap<u32, IpAddr>, addresses: &[Address]) -> BTreeMap<u32, Address> {
    let mut living = map_of(addresses.iter().map(|&a| (a.ip, a)));
    map_of(before.iter().filter_map(|(&index, ip)| Some((index, living.remove(ip)?))))
}

/// The best of the addresses. Among equal ones, that with the lowest published index, else the kernel's first.
fn preferred(kept: &BTreeMap<u32, Address>, addresses: &[Address]) -> Option<Address> {
    let best = addresses.first()?;
    Some(*kept.values().find(|known| known.preference == best.preference).unwrap_or(best))
}

/// Gives `preferred` the lowest index. If a lower index is free, no other address moves; otherwise the
/// address that had the lowest index does.
fn put_first(indices: &mut BTreeMap<u32, Address>, preferred: Address) {
    let at = indices.iter().find(|(_, known)| known.ip == preferred.ip).map(|(&index, _)| index);
    let lowest = indices.keys().next().copied();
    if at.is_some_and(|at| at < HIGHEST_FIRST) && at == lowest {
        return;
    }
    if let Some(at) = at {
        indices.remove(&at);
    }
    if let Some(moved) = indices.insert(0, preferred) {
        let free = at.or_else(|| (1..).find(|index| !indices.contains_key(index)));
        free.map(|index| indices.insert(index, moved));
    }
}

/// The published values at `node/INDEX` and then `leaf`, by index.
#[must_use]
pub fn by_index<'a>(published: &'a Tree, node: &str, leaf: &str) -> BTreeMap<u32, &'a str> {
    let entry = |(path, value)| Some((decimal(str::strip_suffix(path, leaf)?)?, value));
    map_of(published.below(node).filter_map(entry))
}

/// An index for each of `names`, in their order: that of `before` if it has one, else the lowest free one.
#[must_use]
pub fn keep(before: &BTreeMap<u32, &str>, names: &[String]) -> Vec<u32> {
    let mut known = map_of(before.iter().rev().map(|(&i, &name)| (name, i)));
    let kept: Vec<Option<u32>> = names.iter().map(|name| known.remove(name.as_str())).collect();
    let taken = set_of(kept.iter().flatten().copied());
    let mut free = (0..).filter(|index| !taken.contains(index));
    kept.into_iter().filter_map(|kept| kept.or_else(|| free.next())).collect()
}

#[cfg(test)]
mod tests {
    use facts::AddressPreference;

    use super::*;

    fn global(host: u8) -> Address {
        Address {
            ip: IpAddr::from([192, 0, 2, host]),
            prefix: 24,
            preference: AddressPreference::default(),
        }
    }

    #[test]
    fn highest_index_is_replaced_by_the_lowest_and_other_indices_follow_it() {
        let before = BTreeMap::from([(u32::MAX, global(1).ip)]);
        let addresses = [global(1), global(2)];
        let assigned = assign(&before, &addresses);
        assert_eq!(assigned, BTreeMap::from([(0, global(1)), (1, global(2))]));
        let published = assigned.iter().map(|(&index, address)| (index, address.ip)).collect();
        assert_eq!(assign(&published, &addresses), assigned);
    }

    // The kernel may have an address twice, with different prefixes and lifetimes.
    #[test]
    fn address_with_two_prefixes_is_the_same_after_a_restart() {
        let address = |prefix, deprecated| {
            let preference = AddressPreference { deprecated, ..AddressPreference::default() };
            Address { ip: IpAddr::from([192, 0, 2, 1]), prefix, preference }
        };
        let addresses = [address(24, true), address(32, false)];
        let start = assign(&BTreeMap::new(), &addresses);
        let published = start.iter().map(|(&index, address)| (index, address.ip)).collect();
        assert_eq!(start, BTreeMap::from([(0, address(32, false))]));
        assert_eq!(assign(&published, &addresses), start);
    }
}
