//! Schema `std`: the keys that XAPI's `xapi_guest_agent.ml` and `xapi_pv_driver_version.ml`, Xen Orchestra and
//! OpenXT's xenmgr read. They are those of Xen's `docs/misc/xenstore-paths.pandoc`.

mod drivers;
mod service;
mod volumes;

use std::collections::BTreeMap;
use std::net::IpAddr;

use facts::{Address, Link, Memory, Network, Os, decimal, map_of};

use super::sampled;
use crate::address_index::{assign, by_index};
use crate::guest_state::{GuestState, Source};
use crate::key_tree::Tree;
use crate::keys::{DOORBELL, SRIOV_VFS, VIFS};

/// The packager's build number, from the environment of the build. It must be an integer: otherwise hosts
/// ignore the version.
const BUILD: &str = match option_env!("XEN_GUEST_AGENT_BUILD") {
    Some(build) => {
        assert!(is_decimal(build.as_bytes()), "XEN_GUEST_AGENT_BUILD must be a decimal integer");
        build
    }
    None => "0",
};

const fn is_decimal(mut text: &[u8]) -> bool {
    if text.is_empty() {
        return false;
    }
    while let [first, rest @ ..] = text {
        if !first.is_ascii_digit() {
            return false;
        }
        text = rest;
    }
    true
}

/// Adds the keys of a source; `vif` returns the VIF of a link.
pub fn render(
    tree: &mut Tree,
    source: Source,
    state: &GuestState,
    published: &Tree,
    vif: impl Fn(&Link) -> Option<u32>,
) {
    match source {
        Source::Agent => agent(tree),
        Source::Network => {
            if let Some(network) = &state.network {
                vifs(tree, network, published, vif);
            }
        }
        Source::Sriov => functions(tree, state, published),
        Source::Memory => {
            if let Some(memory) = &state.memory {
                self::memory(tree, memory, published);
            }
        }
        Source::Os => {
            if let Some(os) = &state.os {
                names(tree, os);
            }
        }
        Source::Drivers => {
            if let Some(drivers) = &state.drivers {
                drivers::render(tree, drivers, published);
            }
        }
        Source::Service => {
            if let Some(service) = &state.service {
                service::render(tree, service, state.started, published);
            }
        }
        Source::Disks => {
            if let Some(disks) = &state.disks {
                volumes::render(tree, disks, published);
            }
        }
    }
}

fn memory(tree: &mut Tree, memory: &Memory, published: &Tree) {
    let figures = [("data/meminfo_total", memory.total), ("data/meminfo_free", memory.available)];
    for (key, figure) in figures {
        tree.set(key, &sampled(published.get(key), figure, memory.step()).to_string());
    }
    // Hosts test whether the key exists: a 0 would mean that there is a balloon.
    tree.set_nonempty("control/feature-balloon", memory.balloon.then_some("1"));
}

fn agent(tree: &mut Tree) {
    for (name, value) in [
        ("Installed", "1"),
        ("MajorVersion", env!("CARGO_PKG_VERSION_MAJOR")),
        ("MinorVersion", env!("CARGO_PKG_VERSION_MINOR")),
        ("MicroVersion", env!("CARGO_PKG_VERSION_PATCH")),
    ] {
        tree.set(format!("attr/PVAddons/{name}"), value);
    }
    tree.set(DOORBELL, BUILD);
}

fn names(tree: &mut Tree, os: &Os) {
    tree.set_nonempty("data/os_name", Some(&os.pretty_name));
    tree.set_nonempty("data/os_distro", Some(&os.distro));
    tree.set_nonempty("data/os_majorver", os.major.as_deref());
    tree.set_nonempty("data/os_minorver", os.minor.as_deref());
    tree.set_nonempty("data/os_uname", Some(&os.kernel_release));
    tree.set_nonempty("data/host_name_dns", Some(&os.host_name));
    tree.set_nonempty("data/domain", os.domain.as_deref());
}

fn vifs(tree: &mut Tree, network: &Network, published: &Tree, vif: impl Fn(&Link) -> Option<u32>) {
    let mut by_vif = BTreeMap::<u32, &Link>::new();
    for link in &network.links {
        // Two links cannot have one VIF. If the kernel reported that, the first would be used.
        if let Some(vif) = vif(link) {
            by_vif.entry(vif).or_insert(link);
        }
    }
    if network.lacks_vif {
        for (path, value) in published.below(VIFS) {
            let id: Option<u32> = path.split('/').next().and_then(decimal);
            let is_missing =
                |id| !by_vif.contains_key(&id) && may_exist(id, network, published, &vif);
            if id.is_some_and(is_missing) {
                tree.set_raw(format!("{VIFS}/{path}"), value.to_owned());
            }
        }
    }
    for (id, link) in by_vif {
        let node = format!("{VIFS}/{id}");
        tree.set_nonempty(format!("{node}/name"), Some(&link.name));
        tree.set_nonempty(format!("{node}/mac/0"), link.mac.map(|mac| mac.to_string()).as_deref());
        for (path, address) in addresses(&node, link, published) {
            tree.set(&path, &address.ip.to_string());
            tree.set(format!("{path}/prefix"), &address.prefix.to_string());
        }
    }
}

/// Sets the addresses of the virtual functions, by the host's numbers. The host reads only addresses.
fn functions(tree: &mut Tree, state: &GuestState, published: &Tree) {
    let Some(network) = &state.network else { return };
    for function in state.functions.iter().flatten() {
        let Some(link) = network.links.iter().find(|link| link.perm_mac == Some(function.mac))
        else {
            continue;
        };
        let node = format!("{SRIOV_VFS}/{}", function.id);
        for (path, address) in addresses(&node, link, published) {
            tree.set(path, &address.ip.to_string());
        }
    }
}

/// Whether a link without a VIF has the published name or MAC of this one: its VIF could not be read then.
fn may_exist(
    id: u32,
    network: &Network,
    published: &Tree,
    vif: impl Fn(&Link) -> Option<u32>,
) -> bool {
    let key = |name: &str| published.get(&format!("{VIFS}/{id}/{name}"));
    network.links.iter().filter(|link| vif(link).is_none()).any(|link| {
        let mac = link.mac.map(|mac| mac.to_string());
        key("name") == Some(&link.name) || mac.is_some() && key("mac/0") == mac.as_deref()
    })
}

/// The addresses at which the guest can be reached through a NIC, each with its path below `node`.
fn addresses(node: &str, link: &Link, published: &Tree) -> Vec<(String, Address)> {
    let all = link.addresses.iter().chain(&link.upper_addresses);
    let (ipv4, ipv6): (Vec<_>, Vec<_>) = all.partition(|address| address.ip.is_ipv4());
    let mut found = Vec::new();
    for (family, addresses) in [("ipv4", ipv4), ("ipv6", ipv6)] {
        let node = format!("{node}/{family}");
        let assigned = assign(&indices_in(published, &node), &addresses);
        found.extend(assigned.into_iter().map(|(n, address)| (format!("{node}/{n}"), address)));
    }
    found
}

/// The addresses below `node` by index. A value that is not an address has none.
fn indices_in(published: &Tree, node: &str) -> BTreeMap<u32, IpAddr> {
    let values = by_index(published, node, "").into_iter();
    map_of(values.filter_map(|(index, value)| Some((index, value.parse().ok()?))))
}

#[cfg(test)]
mod tests {
    use facts::Mac;

    use super::*;
    use crate::schema::Schema;

    fn link(number: u8, vif: Option<u32>) -> Link {
        Link {
            index: number.into(),
            name: format!("eth{number}"),
            mac: Some(Mac([0, 0x16, 0x3e, 0, 0, number])),
            vif,
            perm_mac: None,
            addresses: vec![],
            upper_addresses: vec![],
        }
    }

    #[test]
    fn vif_that_cannot_be_read_stays_and_one_without_a_link_is_removed() {
        let rendered = |links: Vec<Link>, lacks_vif: bool, published: &Tree| {
            let network = Some(Network { links, lacks_vif });
            Schema::Std.render(&GuestState { network, ..GuestState::default() }, published)
        };
        let both = rendered(vec![link(0, Some(0)), link(1, Some(1))], false, &Tree::default());
        let mut renamed = link(0, None);
        renamed.name = "lan".into();
        for unread in [link(0, None), renamed] {
            let present = rendered(vec![unread], true, &both);
            assert_eq!(present.get("attr/vif/0/name"), Some("eth0"));
            assert_eq!(present.get("attr/vif/1/name"), None);
        }
    }
}
