//! The wanted keys, from the actions so far and from the kernel's state. Indices in lists cannot be
//! predicted, so the value in `<…>` replaces the index.

use crate::kernel::{Address, Kernel};
use crate::network::vif;
use crate::soak::Soak;
use std::collections::BTreeMap;
use std::fs;

type Nodes = BTreeMap<String, String>;

const FIRST: &str = "the lowest index";
const BEST: &str = "has the best preference";

/// The wanted keys.
pub fn wanted(soak: &Soak, kernel: &Kernel) -> Nodes {
    let kernels = |file: &str| {
        fs::read_to_string(format!("/proc/sys/kernel/{file}")).unwrap().trim().to_owned()
    };
    let version: Vec<&str> = env!("CARGO_PKG_VERSION").split('.').collect();
    let mut nodes: Nodes = [
        ("attr/PVAddons/BuildVersion", "0"),
        ("attr/PVAddons/Installed", "1"),
        ("attr/PVAddons/MajorVersion", version[0]),
        ("attr/PVAddons/MinorVersion", version[1]),
        ("attr/PVAddons/MicroVersion", version[2]),
        ("control/feature-balloon", "1"),
        ("data/os_uname", &kernels("osrelease")),
        ("data/service/xen-guest-agent/boot-id", &kernels("random/boot_id")),
        ("data/service/xen-guest-agent/started", "<now>"),
        ("data/service/xen-guest-agent/version", env!("CARGO_PKG_VERSION")),
        ("data/updated", "<now>"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    nodes.extend(soak.system.wanted());
    nodes.extend(soak.volumes.wanted());
    let release = kernels("osrelease");
    let drivers = soak.system.drivers().into_iter();
    nodes.extend(drivers.map(|name| (format!("drivers/<Linux {name} {release} >"), String::new())));
    let foreign = soak.host.drivers.iter();
    nodes.extend(foreign.map(|(n, line)| (format!("drivers/{n}"), line.clone())));
    for (node, addresses) in lists(soak, kernel) {
        let has_prefix = node.starts_with("attr/vif/");
        nodes.insert(format!("{node}/{FIRST}"), BEST.into());
        for Address { ip, prefix, .. } in addresses {
            nodes.insert(format!("{node}/<{ip}>"), String::new());
            if has_prefix {
                nodes.insert(format!("{node}/<{ip}>/prefix"), prefix);
            }
        }
    }
    for nic in &kernel.0 {
        if let Some(id) = vif(&nic.name) {
            nodes.insert(format!("attr/vif/{id}/name"), nic.name.clone());
            nodes.insert(format!("attr/vif/{id}/mac/0"), nic.mac.clone());
        }
    }
    nodes
}

/// The addresses of each list by its node, without empty lists.
fn lists(soak: &Soak, kernel: &Kernel) -> BTreeMap<String, Vec<Address>> {
    let mut lists = BTreeMap::<String, Vec<Address>>::new();
    let mut add = |node: &str, addresses: Vec<Address>| {
        for address in addresses {
            let family = if address.ip.contains(':') { "ipv6" } else { "ipv4" };
            lists.entry(format!("{node}/{family}")).or_default().push(address);
        }
    };
    for nic in &kernel.0 {
        if let Some(id) = vif(&nic.name) {
            add(&format!("attr/vif/{id}"), kernel.addresses(nic));
        }
    }
    for (id, mac) in &soak.host.vfs {
        let mac = mac.to_lowercase();
        let is_it = |nic: &&crate::kernel::Nic| {
            nic.perm_mac == mac && vif(&nic.name).is_none() && !nic.is_upper()
        };
        if let Some(nic) = kernel.0.iter().find(is_it) {
            add(&format!("xenserver/attr/net-sriov-vf/{id}"), kernel.addresses(nic));
        }
    }
    lists
}

/// The published keys in the form of `wanted`.
pub fn published(soak: &Soak, kernel: &Kernel, tree: &Nodes) -> Nodes {
    let mut keys = Nodes::new();
    for (path, value) in tree {
        let named = by_value(path, tree);
        let is_index = named.ends_with('>');
        let value = if is_index { String::new() } else { comparable(soak, &named, value) };
        if keys.insert(named.clone(), value).is_some() {
            keys.insert(format!("{named} (twice)"), String::new());
        }
    }
    for (node, addresses) in lists(soak, kernel) {
        if let Some(first) = first(tree, &node) {
            let best = addresses.iter().map(|address| address.preference).min();
            let is_best = addresses.iter().any(|a| a.ip == first && Some(a.preference) == best);
            let value = if is_best { BEST.into() } else { first };
            keys.insert(format!("{node}/{FIRST}"), value);
        }
    }
    keys
}

/// The value at the lowest index.
fn first(tree: &Nodes, node: &str) -> Option<String> {
    let index = |key: &str| key.strip_prefix(node)?.strip_prefix('/')?.parse::<u32>().ok();
    let indices = tree.iter().filter_map(|(key, value)| Some((index(key)?, value)));
    indices.min().map(|(_, value)| value.clone())
}

/// The value, or the wanted one if it is close enough to be equal for the agent.
fn comparable(soak: &Soak, named: &str, value: &str) -> String {
    if let Some(wanted) = soak.system.sample_near(named, value) {
        return wanted;
    }
    let volume = named.strip_prefix("data/volumes/<").and_then(|rest| rest.strip_suffix(">/free"));
    match (volume, value.parse()) {
        (Some(name), Ok(free)) if soak.volumes.is_free(&soak.guest, name, free) => {
            "as df has it".into()
        }
        _ => value.into(),
    }
}

/// The path with values in place of indices.
fn by_value(path: &str, tree: &Nodes) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    let mut named: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
    let mut name = |at: usize, leaf: &str| {
        let is_index = facts::decimal::<u32>(parts[at]).is_some();
        let value = tree.get(&(parts[..=at].join("/") + leaf)).filter(|_| is_index);
        if let Some(value) = value {
            named[at] = format!("<{value}>");
        }
    };
    match parts[..] {
        ["attr", "vif", _, "ipv4" | "ipv6", _, ..] => name(4, ""),
        ["xenserver", "attr", "net-sriov-vf", _, "ipv4" | "ipv6", _, ..] => name(5, ""),
        ["drivers", _] if tree[path].starts_with("Linux ") => name(1, ""),
        ["data", "volumes", _, "mount_points" | "extents", _] => {
            name(2, "/name");
            name(4, "");
        }
        ["data", "volumes", _, ..] => name(2, "/name"),
        _ => {}
    }
    named.join("/")
}

/// The keys that are missing (`-`) and those that are not wanted (`+`).
pub fn difference(wanted: &Nodes, published: &Nodes) -> String {
    let only = |sign: &str, these: &Nodes, others: &Nodes| {
        let differ = these.iter().filter(|(key, value)| others.get(*key) != Some(value));
        differ.map(|(key, value)| format!("{sign} {key} = {value}\n")).collect::<String>()
    };
    only("-", wanted, published) + &only("+", published, wanted)
}
