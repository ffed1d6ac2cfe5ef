//! Rules for published keys, on which toolstacks rely. A path that is not listed here may not be written.

use std::net::{Ipv4Addr, Ipv6Addr};

use facts::{Mac, decimal};
use publishers::Schema;
use publishers::diff::diff;
use publishers::guest_state::GuestState;
use publishers::key_tree::Tree;
use publishers::keys::{ROOTS, key_of, root_of};

/// The longest value in bytes: a little less than both xenstoreds accept.
const LONGEST: usize = 2_000;

/// Renders `state` in each schema and checks the keys. Checks also that a state that is published already
/// causes no change, as after a restart of the agent.
pub fn check_all(state: &GuestState) {
    for schema in [Schema::Std, Schema::StdEveryNic, Schema::Rfc] {
        let tree = schema.render(state, &Tree::default());
        check(&tree);
        assert_eq!(diff(&tree, &schema.render(state, &tree), ROOTS), [], "published again");
        tree.iter().for_each(|(path, _)| assert!(key_of(path).is_some(), "{path} has no row"));
    }
}

/// Checks every key.
fn check(tree: &Tree) {
    tree.iter().for_each(|(path, value)| check_key(path, value));
}

/// Checks a key.
pub fn check_key(path: &str, value: &str) {
    let legal = |c: u8| c.is_ascii_alphanumeric() || b"-_@/".contains(&c);
    assert!(path.bytes().all(legal), "xenstored rejects the path {path:?}");
    assert!(path.split('/').all(|name| !name.is_empty()) && path.len() < 256, "{path:?}");
    assert!(value.len() <= LONGEST, "{path} has {} bytes", value.len());
    assert!(!value.chars().any(char::is_control), "{path} = {value:?}");
    assert!(root_of(path).is_some(), "{path} is below no root");
    assert!(is_right(path, value), "{path} = {value:?}");
}

fn is_right(path: &str, value: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match *parts.as_slice() {
        ["attr", "PVAddons", _] => is_number(value, u32::MAX.into()),
        ["attr", "vif", id, ref rest @ ..] => is_index(id) && is_vif(rest, value),
        ["xenserver", "attr", "net-sriov-vf", id, ref rest @ ..] if rest.len() == 2 => {
            is_index(id) && is_vif(rest, value)
        }
        ["data", "volumes", index, ref rest @ ..] => is_index(index) && is_volume(rest, value),
        ["data", "meminfo_total" | "meminfo_free"] | ["data", "memory", "total" | "free"] => {
            is_number(value, u64::MAX)
        }
        ["control", "feature-balloon"] | ["feature", "hotplug", "vif" | "vbd"] => value == "1",
        ["drivers", index] => is_index(index) && is_driver(value),
        ["data", "net", index, ref rest @ ..] => is_index(index) && is_nic(rest, value),
        ["data", "xen-guest-agent" | "updated" | "domain" | "host_name_dns"] => true,
        ["data", "os", "name" | "version" | "class"] | ["data", "os", "unix", "kernel-version"] => {
            true
        }
        ["data", name] => name.starts_with("os_") && !value.is_empty(),
        ["data", "service", "xen-guest-agent", _] => !value.is_empty(),
        _ => false,
    }
}

/// XAPI splits the line at the first three blanks into vendor, name, version and attributes.
fn is_driver(line: &str) -> bool {
    line.starts_with("Linux ") && line.matches(' ').count() >= 3
}

fn is_vif(rest: &[&str], value: &str) -> bool {
    match *rest {
        ["name"] => !value.is_empty(),
        ["mac", "0"] => value.parse::<Mac>().is_ok_and(|mac| mac.to_string() == value),
        ["ipv4", index] => is_index(index) && value.parse::<Ipv4Addr>().is_ok(),
        ["ipv6", index] => is_index(index) && value.parse::<Ipv6Addr>().is_ok(),
        ["ipv4", index, "prefix"] => is_index(index) && is_number(value, 32),
        ["ipv6", index, "prefix"] => is_index(index) && is_number(value, 128),
        _ => false,
    }
}

fn is_volume(rest: &[&str], value: &str) -> bool {
    match *rest {
        ["size" | "free"] => is_number(value, u64::MAX),
        ["name" | "volume_name" | "filesystem"] => !value.is_empty(),
        ["mount_points" | "extents", index] => is_index(index) && !value.is_empty(),
        _ => false,
    }
}

/// Schema `rfc`: the names of empty nodes are the values.
fn is_nic(rest: &[&str], value: &str) -> bool {
    match *rest {
        [] => true,
        ["mac", mac] => value.is_empty() && mac.replace('_', ":").parse::<Mac>().is_ok(),
        ["ipv4", ip] => value.is_empty() && ip.replace('_', ".").parse::<Ipv4Addr>().is_ok(),
        // The dots of an IPv4 address inside are written `_` too.
        ["ipv6", ip] => value.is_empty() && ip.contains('_'),
        _ => false,
    }
}

/// A decimal number that OCaml's `int_of_string` reads as other parsers do.
fn is_number(text: &str, most: u64) -> bool {
    decimal(text).is_some_and(|number: u64| number <= most)
}

fn is_index(text: &str) -> bool {
    is_number(text, u32::MAX.into())
}
