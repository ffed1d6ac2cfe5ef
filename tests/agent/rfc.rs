//! Schema rfc: every NIC but loopback, by its interface index.

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
fn the_rfc_tree_is_exactly_this() {
    let guest = Guest::new();
    let _agent = guest.agent(&["--schema", "rfc"]);
    guest.wait_tree(RFC_TREE);
}

// The environment's XENSTORE_SCHEMA still works; the flag wins.
#[test]
fn the_environment_chooses_the_schema_and_the_flag_wins() {
    let guest = Guest::new();
    for (arguments, tree) in [(&[][..], RFC_TREE), (&["--schema", "std"], FIRST_TREE)] {
        let mut command = guest.command(&[&["-s", "--once"], arguments].concat());
        assert!(command.env("XENSTORE_SCHEMA", "rfc").status().unwrap().success());
        guest.wait_tree(tree);
    }
}

// The agent reads back what both schemas own: a switch cleans up.
#[test]
fn a_switch_of_schema_leaves_nothing_of_the_other() {
    let guest = Guest::new();
    // But for a directory that other services have their own in.
    let rfc = RFC_TREE.replace("data/xen", "data/service = \ndata/xen");
    for (schema, tree) in [("std", FIRST_TREE), ("rfc", &rfc), ("std", FIRST_TREE)] {
        assert_eq!(guest.run(&["-s", "--once", "--schema", schema]).code, Some(0));
        guest.wait_tree(tree);
    }
}

// Path characters are letters, digits and -_@/: colons and dots become underscores.
#[test]
fn an_address_that_comes_and_goes_costs_one_change() {
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

// The name of an address is the name of its node, so a denied list has ever new paths.
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

// …also where nothing of the list is published, or wanted, in between.
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
fn a_restart_with_nothing_changed_writes_nothing_in_rfc_either() {
    let guest = Guest::new();
    guest.run(&["-s", "--once", "--schema=rfc"]);
    let mark = guest.mark();
    assert_eq!(guest.run(&["-s", "--once", "--schema=rfc"]).code, Some(0));
    assert_eq!(guest.changes_since(mark), [""; 0]);
}
