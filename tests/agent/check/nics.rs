//! `--check`: why a host shows no address, one reason after the other.

use super::super::harness::{Agent, Guest, program};
use super::{line_of, said, said_by, system};

#[test]
fn address_that_the_agent_has_not_published_is_told_with_what_the_store_has() {
    let guest = system();
    let agent = guest.published(&[]);
    agent.signal("STOP");
    guest.ip("addr add 198.51.100.7/32 dev eth0\naddr del 192.0.2.10/24 dev eth0");
    let line =
        "FAIL  nic/eth0: vif 0 has 198.51.100.7/32, the store has 192.0.2.10  kill -HUP PID\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
    guest.ip("addr del 198.51.100.7/32 dev eth0");
    let line = "FAIL  nic/eth0: vif 0 has no address, the store has 192.0.2.10  kill -HUP PID\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
    agent.signal("CONT");
}

#[test]
fn nic_that_is_down_or_has_no_address_is_told() {
    let guest = system();
    guest.ip("addr flush dev eth0");
    let agent = guest.published(&[]);
    let line = "warn  nic/eth0: vif 0 has no address\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), line.into()));
    guest.ip("link set eth0 down");
    let line = "warn  nic/eth0: vif 0 is down  ip link set eth0 up\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), line.into()));
}

#[test]
fn tentative_and_duplicate_addresses_are_told() {
    let guest = system();
    guest.ip("addr flush dev eth0\nlink set p0 down\naddr add 2001:db8::1/64 dev eth0");
    let agent = guest.published(&[]);
    let line = "warn  nic/eth0: vif 0 has no address yet; 2001:db8::1 is tentative\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), line.into()));
    // The other machine has the address before this one asks for it.
    guest.ip(
        "addr del 2001:db8::1/64 dev eth0\naddr add 2001:db8::1/64 dev p0 nodad\nlink set p0 up",
    );
    guest.wait_sh(
        "ip link show dev eth0 | grep -q LOWER_UP && ip link show dev p0 | grep -q LOWER_UP",
    );
    guest.ip("addr add 2001:db8::1/64 dev eth0\naddr add 192.0.2.10/24 dev eth0");
    guest.wait_sh("ip -6 addr show dev eth0 | grep -q dadfailed");
    guest.wait(|tree| tree.values().any(|value| value == "192.0.2.10"));
    let line = "warn  nic/eth0: vif 0 has 192.0.2.10/24; 2001:db8::1 failed duplicate detection: \
                another machine has it\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), line.into()));
}

#[test]
fn excluded_nic_is_told_by_the_agents_own_options() {
    let guest = system();
    guest.vif("eth1", 1);
    let agent = guest.published(&["--exclude-nics", "eth1"]);
    let line = "skip  nic/eth1: left out by --exclude-nics\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), line.into()));
    let line = line_of(&guest, Some(&agent), "nic/eth0");
    assert_eq!(line, "ok    nic/eth0: vif 0 has 192.0.2.10/24, and so has the store");
}

/// What is said where eth9 is a NIC that the kernel drives without Xen.
fn said_with_eth9(guest: &Guest, agent: &Agent) -> (Option<i32>, String) {
    let run = |arguments: &[&str]| Agent::spawn(guest.command_with_nics("eth9", arguments)).wait();
    said_by(guest, Some(agent), &[], run)
}

#[test]
fn emulated_and_passed_through_nics_are_never_shown_by_hosts_preloaded() {
    for (driver, what) in [
        ("e1000", "an emulated NIC (e1000)"),
        ("8139cp", "an emulated NIC (8139cp)"),
        ("ixgbe", "a device of its own, not a vif (ixgbe)"),
    ] {
        let guest = system();
        guest.nic("eth9", 9, driver);
        guest.ip("addr add 198.51.100.9/24 dev eth9");
        let agent = guest.published(&[]);
        let line = format!("skip  nic/eth9: {what}: hosts never show its addresses\n");
        assert_eq!(said_with_eth9(&guest, &agent), (Some(0), line));
    }
}

#[test]
fn sriov_function_is_compared_with_the_store_preloaded() {
    let guest = system();
    guest.nic("eth9", 9, "ixgbevf");
    guest.plug_vf(3, "00:16:3e:00:00:09");
    let agent = guest.published(&[]);
    let line = "warn  nic/eth9: SR-IOV function 3 has no address\n";
    assert_eq!(said_with_eth9(&guest, &agent), (Some(0), line.into()));
    guest.ip("addr add 198.51.100.9/24 dev eth9");
    guest.wait_value("xenserver/attr/net-sriov-vf/3/ipv4/0", "198.51.100.9");
    assert_eq!(said_with_eth9(&guest, &agent), (Some(0), String::new()));
    agent.signal("STOP");
    guest.ip("addr add 198.51.100.10/24 dev eth9");
    let line = "FAIL  nic/eth9: SR-IOV function 3 has 198.51.100.9/24, 198.51.100.10/24, the store has 198.51.100.9  \
                kill -HUP PID\n";
    assert_eq!(said_with_eth9(&guest, &agent), (Some(1), line.into()));
    agent.signal("CONT");
}

// Given, or taken over from the agent that runs.
#[test]
fn nic_whose_addresses_are_left_out_is_not_said_to_have_none() {
    let guest = system();
    let agent = guest.published(&["--without", "net,os"]);
    let line = "skip  nic/eth0: vif 0: left out by --without net\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), line.into()));
    assert_eq!(said(&guest, Some(&agent), &["--without", "net,os"]), (Some(0), line.into()));
    let facts = "ok    facts: 6 keys in the store, none differs; left out by --without net, os";
    assert_eq!(line_of(&guest, Some(&agent), "facts"), facts);
    guest.write_as_guest("attr/vif/0/ipv4/0", "192.0.2.9");
    let lines = format!("{line}FAIL  facts: attr/vif should not be there  kill -HUP PID\n");
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), lines));
}

#[test]
fn nic_is_not_said_to_have_no_address_where_there_are_too_few_descriptors_to_look() {
    let guest = system();
    let agent = guest.published(&[]);
    let mut not_started = 0;
    for limit in 4..=24 {
        let mut command = guest.world_command("prlimit");
        command.args([&format!("--nofile={limit}"), program(), "--check", "--no-sandbox"]);
        command.env("XENSTORED_PATH", guest.socket());
        let end = Agent::spawn(command).wait();
        println!("{limit}: {end:?}");
        assert!(!end.stdout.contains("no address"), "{limit}: {end:?}");
        not_started += usize::from(end.stdout.contains("cannot be started"));
    }
    assert!(not_started > 0);
    drop(agent);
}

#[test]
fn schema_of_the_agent_that_runs_is_the_one_that_is_checked() {
    let guest = system();
    let agent = guest.agent(&["--schema", "rfc", "--without", "drivers"]);
    guest.wait(|tree| tree.contains_key("data/net/100/ipv4/192_0_2_10"));
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), String::new()));
    let line = line_of(&guest, Some(&agent), "nic/eth0");
    assert_eq!(line, "ok    nic/eth0: vif 0 has 192.0.2.10/24, and so has the store");
    assert_eq!(
        said(&guest, Some(&agent), &["--schema", "rfc", "--without", "drivers", "--wait", "5"]),
        (Some(0), String::new())
    );
}

// An interface's name may hold all that a shell understands.
#[test]
fn name_of_a_nic_is_quoted_in_what_to_type() {
    let guest = system();
    guest.vif("a$(b);c", 1);
    guest.ip("link set a$(b);c down");
    let agent = guest.published(&[]);
    let line = "warn  nic/a$(b);c: vif 1 is down  ip link set 'a$(b);c' up\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), line.into()));
}

// A command with U+FFFD in the name would be for another NIC.
#[test]
fn name_of_a_nic_that_is_not_utf_8_has_nothing_to_type() {
    let guest = system();
    guest.vif(b"e\xffh", 1);
    guest.ip(b"link set e\xffh down");
    let agent = guest.published(&[]);
    let line = "warn  nic/e\u{fffd}h: vif 1 is down\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), line.into()));
}
