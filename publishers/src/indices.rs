//! Which address gets which index below `attr/vif/$ID/ipv4` and `ipv6`, and which volume below
//! `data/volumes`. Pure; cannot fail.
//!
//! People see the address at the lowest index first, so that is the preferred one; the others keep
//! their index while they live, so that a change costs only itself. Nothing is remembered here: the
//! indices of before are read off what is published, which a restart of the agent reads back too.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use facts::Address;

/// Gives each address an index, `before` being the indices published until now.
#[must_use]
pub fn assign(before: &BTreeMap<u32, IpAddr>, addresses: &[Address]) -> BTreeMap<u32, Address> {
    let mut indices = kept(before, addresses);
    let Some(preferred) = preferred(&indices, addresses) else { return indices };
    put_first(&mut indices, preferred);
    let lowest = indices.keys().next().copied().unwrap_or(0);
    let mut free = (lowest..).skip(1);
    let mut placed: BTreeSet<IpAddr> = indices.values().map(|known| known.ip).collect();
    let mut best_first: Vec<&Address> = addresses.iter().collect();
    best_first.sort_by_key(|address| address.rank);
    for address in best_first.into_iter().filter(|address| placed.insert(address.ip)) {
        let index = free.find(|index| !indices.contains_key(index));
        index.map(|index| indices.insert(index, *address));
    }
    indices
}

/// The addresses that live on, at their index; one that was there twice at the lower.
fn kept(before: &BTreeMap<u32, IpAddr>, addresses: &[Address]) -> BTreeMap<u32, Address> {
    let mut living: BTreeMap<IpAddr, Address> =
        addresses.iter().rev().map(|&a| (a.ip, a)).collect();
    before.iter().filter_map(|(&index, ip)| Some((index, living.remove(ip)?))).collect()
}

/// The best of the addresses; of equals the one that people know already, else the kernel's first.
fn preferred(kept: &BTreeMap<u32, Address>, addresses: &[Address]) -> Option<Address> {
    let best = addresses.iter().map(|address| address.rank).min()?;
    let mut best_known = kept.values().filter(|known| known.rank == best);
    let mut best_new = addresses.iter().filter(|address| address.rank == best);
    best_known.next().or_else(|| best_new.next()).copied()
}

/// Puts `preferred` at the lowest index, moving as few others as possible: none where an index
/// below is free, else the one that stood there.
fn put_first(indices: &mut BTreeMap<u32, Address>, preferred: Address) {
    let at = indices.iter().find(|(_, known)| known.ip == preferred.ip).map(|(&index, _)| index);
    let lowest = indices.keys().next().copied();
    if at.is_some() && at == lowest {
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

/// An index for each of `names`, in their order: that of `before` where it has one, else the lowest
/// that is free.
#[must_use]
pub fn keep(before: &BTreeMap<u32, &str>, names: &[String]) -> Vec<u32> {
    let mut known: BTreeMap<&str, u32> = before.iter().rev().map(|(&i, &name)| (name, i)).collect();
    let kept: Vec<Option<u32>> = names.iter().map(|name| known.remove(name.as_str())).collect();
    let taken: BTreeSet<u32> = kept.iter().flatten().copied().collect();
    let mut free = (0..).filter(|index| !taken.contains(index));
    kept.into_iter().filter_map(|kept| kept.or_else(|| free.next())).collect()
}
