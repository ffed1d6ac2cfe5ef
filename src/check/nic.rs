//! `nic/NAME`: why a host shows no address of this NIC, or another one. Pure.

use std::net::IpAddr;

use collectors::network::Nic;
use facts::Link;
use publishers::Schema;
use publishers::diff::Change;
use publishers::guest_state::Source;
use publishers::key_tree::is_within;

use super::finding::{Finding, shell_word};
use super::observation::Observation;
use super::remedies;

/// Drivers of the NICs that device models emulate.
const EMULATED: [&str; 7] =
    ["e1000", "e1000e", "8139cp", "8139too", "ne2k-pci", "pcnet32", "tulip"];

/// A line for each NIC.
pub fn nics(seen: &Observation) -> Vec<Finding> {
    match &seen.nics {
        Ok(nics) => nics.iter().map(|nic| check(seen, nic)).collect(),
        Err(error) => vec![Finding::fail("nic", format!("cannot be read: {error}"))],
    }
}

fn check(seen: &Observation, nic: &Nic) -> Finding {
    let id = format!("nic/{}", nic.name);
    if nic.is_excluded {
        return Finding::skip(id, "left out by --exclude-nics");
    }
    let Some((what, node)) = node_of(seen, nic) else {
        return Finding::skip(id, not_shown(seen, nic));
    };
    // Where `--without` leaves some in the store, `facts` says so: all of `attr/vif` is to be removed.
    if let Some(why) = seen.not_collected(Source::Network) {
        return Finding::skip(id, format!("{what}: {why}"));
    }
    let addresses = addresses(seen, nic);
    let has = match nic.is_up {
        true => format!("{what} has {}", addresses.as_deref().unwrap_or("no address")),
        false => format!("{what} is down"),
    };
    let published = published(seen, &node);
    if addresses.is_none() && !published.is_empty() {
        let message = format!("{has}, the store has {}", several(&published));
        return Finding::fail(id, message).fix(remedies::publish(seen));
    }
    if !nic.is_up {
        // What is not UTF-8 in a name was replaced: the command would be for another NIC.
        let is_whole = !nic.name.contains(char::REPLACEMENT_CHARACTER);
        let fix = is_whole.then(|| format!("ip link set {} up", shell_word(&nic.name)));
        return Finding::warn(id, has).fix(fix);
    }
    if let (Some(_), Some(holds)) = (&addresses, difference(seen, &node, &published)) {
        let message = format!("{has}, the store has {holds}");
        return Finding::fail(id, message).fix(remedies::publish(seen));
    }
    if let Some(ip) = nic.failed.first() {
        let message = format!("{has}; {ip} failed duplicate detection: another machine has it");
        return Finding::warn(id, message);
    }
    match (addresses, nic.tentative.first()) {
        (None, Some(ip)) => Finding::warn(id, format!("{has} yet; {ip} is tentative")),
        (None, None) => Finding::warn(id, has),
        (Some(_), _) if seen.store.is_err() => {
            Finding::skip(id, format!("{has}, the store is not known"))
        }
        (Some(_), _) if is_denied(seen, &node) => {
            Finding::skip(id, format!("{has}, which the host does not let the guest write"))
        }
        (Some(_), _) => Finding::ok(id, format!("{has}, and so has the store")),
    }
}

/// The nodes of the NICs that have a line of their own.
pub fn nodes(seen: &Observation) -> Vec<String> {
    let nics = seen.nics.iter().flatten().filter(|nic| !nic.is_excluded);
    nics.filter_map(|nic| node_of(seen, nic)).map(|(_, node)| node).collect()
}

/// What hosts know the NIC as, and the node of its keys.
fn node_of(seen: &Observation, nic: &Nic) -> Option<(String, String)> {
    if seen.schema == Schema::Rfc {
        let what =
            nic.vif.map_or_else(|| format!("interface {}", nic.index), |n| format!("vif {n}"));
        return Some((what, format!("data/net/{}", nic.index)));
    }
    if let Some(vif) = nic.vif {
        return Some((format!("vif {vif}"), format!("attr/vif/{vif}")));
    }
    let functions = seen.state.functions.iter().flatten();
    let function = functions.clone().find(|function| Some(function.mac) == nic.perm_mac)?;
    let node = format!("xenserver/attr/net-sriov-vf/{}", function.id);
    Some((format!("SR-IOV function {}", function.id), node))
}

fn not_shown(seen: &Observation, nic: &Nic) -> String {
    let what = match nic.driver.as_deref() {
        Some(driver) if EMULATED.contains(&driver) => format!("an emulated NIC ({driver})"),
        // Only the store says which ones are SR-IOV functions, whose addresses hosts show.
        Some(driver) if seen.store.is_err() => {
            return format!("not a vif ({driver}), the store is not known");
        }
        Some(driver) => match seen.not_collected(Source::Sriov) {
            Some(why) => return format!("not a vif ({driver}); SR-IOV functions: {why}"),
            None => format!("a device of its own, not a vif ({driver})"),
        },
        None => "not a vif".into(),
    };
    format!("{what}: hosts never show its addresses")
}

/// The addresses of the NIC and its upper devices, the preferred ones first.
fn addresses(seen: &Observation, nic: &Nic) -> Option<String> {
    let links = seen.state.network.iter().flat_map(|network| &network.links);
    let link = links.clone().find(|link| link.index == nic.index);
    let shown = |link: &Link| {
        let all = link.addresses.iter().chain(&link.upper_addresses);
        let mut all: Vec<_> = all.enumerate().collect();
        all.sort_unstable_by_key(|(place, a)| (a.preference, a.ip.is_ipv6(), *place));
        let all: Vec<_> = all.iter().map(|(_, a)| format!("{}/{}", a.ip, a.prefix)).collect();
        several(&all)
    };
    link.map(shown).filter(|shown| !shown.is_empty())
}

fn several(all: &[String]) -> String {
    match all {
        [first, second, third, _, ..] => {
            format!("{first}, {second}, {third} and {} more", all.len() - 3)
        }
        _ => all.join(", "),
    }
}

/// The addresses of the NIC with this node that the store has.
fn published(seen: &Observation, node: &str) -> Vec<String> {
    let lists = [format!("{node}/ipv4"), format!("{node}/ipv6")];
    lists.iter().flat_map(|list| published_addresses(seen, list)).collect()
}

/// What the store has in the place of the NIC's keys, where these differ and the host allows to change them.
fn difference(seen: &Observation, node: &str, published: &[String]) -> Option<String> {
    let store = seen.store.as_ref().ok()?;
    let changes = store.comparison.changes.iter().map(Change::path);
    let mut changes = changes.filter(|path| is_within(path, node) && !store.denied.contains(*path));
    let first = changes.next()?;
    let is_address = std::iter::once(first).chain(changes).any(is_of_address);
    Some(match (is_address, published) {
        (true, []) => "nothing".into(),
        (true, all) => several(all),
        (false, _) => format!("another {first}"),
    })
}

/// Whether the host refuses a change of the NIC's addresses.
fn is_denied(seen: &Observation, node: &str) -> bool {
    let denied = seen.store.iter().flat_map(|store| &store.denied);
    denied.into_iter().any(|path| is_within(path, node) && is_of_address(path))
}

fn is_of_address(path: &str) -> bool {
    path.contains("/ipv4") || path.contains("/ipv6")
}

/// The addresses that the store has in a list: values in schema std, names in rfc.
fn published_addresses(seen: &Observation, list: &str) -> Vec<String> {
    let Ok(store) = &seen.store else { return Vec::new() };
    let keys = store.comparison.published.below(list);
    let address = |(name, value): (&str, &str)| {
        let is_v4 = list.ends_with("ipv4");
        let of_name = || name.replace('_', if is_v4 { "." } else { ":" });
        let text = if value.is_empty() { of_name() } else { value.to_owned() };
        (!name.contains('/')).then_some(text)
    };
    keys.filter_map(address).collect()
}

/// Whether the store has an address that is not link-local.
pub fn has_address(seen: &Observation) -> bool {
    let Ok(store) = &seen.store else { return false };
    let lists = store.comparison.published.iter().filter_map(|(path, _)| {
        let at = ["/ipv4/", "/ipv6/"].iter().find_map(|family| Some(path.find(family)? + 5))?;
        path.get(..at)
    });
    let mut addresses = lists.flat_map(|list| published_addresses(seen, list));
    addresses.any(|text| match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => !ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => !ip.is_unicast_link_local(),
        Err(_) => false,
    })
}
