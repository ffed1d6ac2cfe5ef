//! Schema rfc: every NIC but loopback, named by its interface index.

use super::harness::{FIRST_TREE, Guest};

const RFC_TREE: &str = "
data/memory/free = 150400
data/memory/total = 207744
data/net/100 = eth0
data/net/100/ipv4/192_0_2_10 = 
data/net/100/mac/00_16_3e_00_00_00 = 
data/net/200 = p0
data/net/200/mac/02_00_00_00_00_00 = 
data/os/class = unix
data/os/name = Debian GNU/Linux
data/os/unix/kernel-version = <uname>
data/os/version = 12.7
data/xen-guest-agent = 0.1.0
";

#[test]
fn schema_rfc_writes_exactly_the_expected_tree() {
    let guest = Guest::new();
    let _agent = guest.agent(&["--schema", "rfc"]);
    guest.wait_tree(RFC_TREE);
}

#[test]
fn every_nic_of_a_container_host_is_published_but_loopback() {
    let guest = Guest::new();
    let names = ["docker0", "br-0123456789ab", "cni0", "virbr0", "lxcbr0", "podman0", "flannel.1"];
    for (index, name) in (300..).zip(names) {
        guest.ip(format!("link add {name} index {index} type bridge"));
    }
    guest.ip("link add veth1 index 310 type veth peer name veth2 index 311\nlink set lo up");
    guest.ip("link set docker0 up\naddr add 198.51.100.1/24 dev docker0");
    guest.run(&["-s", "--once", "--schema", "rfc"]);
    let tree = guest.tree();
    let nic = |index: u32| tree.get(&format!("data/net/{index}")).map(String::as_str);
    for (index, name) in (300..).zip(names).chain([(310, "veth1"), (311, "veth2")]) {
        assert_eq!(nic(index), Some(name));
    }
    assert!(tree.contains_key("data/net/300/ipv4/198_51_100_1"), "{tree:?}");
    assert_eq!(nic(1), None, "loopback");
}

#[test]
fn schema_option_overrides_xenstore_schema() {
    let guest = Guest::new();
    for (arguments, tree) in [(&[][..], RFC_TREE), (&["--schema", "std"], FIRST_TREE)] {
        let mut command = guest.command(&[&["-s", "--once"], arguments].concat());
        assert!(command.env("XENSTORE_SCHEMA", "rfc").status().unwrap().success());
        guest.wait_tree(tree);
    }
}

#[test]
fn start_with_another_schema_removes_keys_of_the_first() {
    let guest = Guest::new();
    // Other programs may use `data/service`, so it stays.
    let rfc = RFC_TREE.replace("data/xen", "data/service = \ndata/xen");
    for (schema, tree) in [("std", FIRST_TREE), ("rfc", &rfc), ("std", FIRST_TREE)] {
        assert_eq!(guest.run(&["-s", "--once", "--schema", schema]).code, Some(0));
        guest.wait_tree(tree);
    }
}

// A path may have letters, digits and -_@/ only, so colons and dots become underscores.
#[test]
fn added_address_is_one_write_and_removed_address_one_rm() {
    let guest = Guest::new();
    let _agent = guest.agent(&["--schema", "rfc"]);
    guest.wait_tree(RFC_TREE);
    let mark = guest.mark();
    guest.ip("addr add fe80::1/64 dev eth0 nodad");
    guest.wait_value("data/net/100/ipv6/fe80__1", "");
    guest.ip("addr del fe80::1/64 dev eth0");
    guest.wait_tree(RFC_TREE);
    assert_eq!(
        guest.changes_since(mark),
        ["write data/net/100/ipv6/fe80__1 = ", "rm data/net/100/ipv6"]
    );
}

// Each address is a node of its own, so a denied list has new paths again and again.
#[test]
fn denied_list_of_addresses_is_logged_once() {
    let guest = Guest::new();
    guest.dom0_writes("data/net/100/ipv6", "");
    guest.allow("data/net/100/ipv6", &["r0", "r1"]);
    let agent = guest.agent(&["--schema", "rfc"]);
    guest.wait_value("data/net/100", "eth0");
    for n in 1..=20 {
        guest.ip(format!("addr add 2001:db8::{n}/64 dev eth0 nodad"));
        guest.ip(format!("addr add 198.51.100.{n}/24 dev eth0"));
        guest.wait_value(&format!("data/net/100/ipv4/198_51_100_{n}"), "");
        guest.ip(format!("addr del 2001:db8::{n}/64 dev eth0"));
    }
    let log = agent.stop("TERM").stderr;
    assert_eq!(log.matches("warn: ").count(), 1, "{log}");
    assert!(log.contains("warn: data/net/100/ipv6: denied by xenstored (EACCES)"), "{log}");
}

// In between, no address of the list is published or wanted.
#[test]
fn denied_nic_is_logged_once_for_each_list_of_its_addresses() {
    let guest = Guest::new();
    guest.dom0_writes("data/net/100", "eth0");
    guest.allow("data/net/100", &["r0", "r1"]);
    let agent = guest.agent(&["--schema", "rfc"]);
    guest.wait_value("data/memory/total", "207744");
    for n in 1..=5 {
        for change in ["add", "del"] {
            guest.ip(format!("addr {change} 2001:db8::{n}/64 dev eth0 nodad"));
            guest.ip(format!("addr {change} 198.51.100.{n}/24 dev p0"));
            let node = format!("data/net/200/ipv4/198_51_100_{n}");
            guest.wait(|tree| tree.contains_key(&node) == (change == "add"));
        }
    }
    let log = agent.stop("TERM").stderr;
    assert_eq!(log.matches("warn: ").count(), 3, "one each for ipv4, ipv6 and mac: {log}");
}

#[test]
fn restart_without_changes_writes_nothing_with_schema_rfc() {
    let guest = Guest::new();
    guest.run(&["-s", "--once", "--schema=rfc"]);
    let mark = guest.mark();
    assert_eq!(guest.run(&["-s", "--once", "--schema=rfc"]).code, Some(0));
    assert_eq!(guest.changes_since(mark), [""; 0]);
}
