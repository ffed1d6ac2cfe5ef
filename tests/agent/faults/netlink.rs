//! Floods of netlink events, which the kernel drops (ENOBUFS), which are faster than the publisher, or which
//! interrupt each dump; and netlink without a free descriptor.

use super::super::harness::{Agent, FIRST_TREE, Guest, waiting_and_dropped};
use super::sources::limit_files;
use super::usage;
use std::process::Child;
use std::time::Instant;

const FLAPS: u32 = 100_000;
/// The allowed growth of anonymous memory, in KiB.
const MAX_GROWTH: u64 = 256;

/// Adds and removes addresses, so many changes in all. No address is left.
fn flap(guest: &Guest, times: u32) {
    let lines = (0..times / 2).map(|n| {
        let n = n % 50;
        format!("addr add 10.0.0.{n}/32 dev eth0\naddr del 10.0.0.{n}/32 dev eth0\n")
    });
    guest.ip(lines.collect::<String>());
}

/// Waits until the agent has published all events.
fn sync_with_agent(guest: &Guest) {
    guest.sync_with_agent();
    let more = "attr/vif/0/ipv4/1 = 203.0.113.1\nattr/vif/0/ipv4/1/prefix = 32\nattr/vif/0/mac";
    guest.wait_tree(&FIRST_TREE.replace("attr/vif/0/mac", more));
    guest.ip("addr del 203.0.113.1/32 dev eth0");
    guest.wait_tree(FIRST_TREE);
}

/// Starts the agent and floods it once, so that later floods need no first allocations.
fn after_one_flood(guest: &Guest) -> Agent {
    let agent = guest.published(&[]);
    flap(guest, 2_000);
    sync_with_agent(guest);
    agent
}

// While the agent is stopped the kernel drops events.
#[test]
fn dropped_events_cause_a_dump_and_at_most_200_requests() {
    let guest = Guest::new();
    let agent = after_one_flood(&guest);
    let (before, mark) = (usage(agent.pid()), guest.mark());
    agent.signal("STOP");
    flap(&guest, FLAPS);
    guest.ip("addr add 198.51.100.9/24 dev eth0");
    let (_, dropped) = waiting_and_dropped(&agent);
    assert!(dropped > 0, "the socket was not overrun");
    agent.signal("CONT");
    guest.wait_value("attr/vif/0/ipv4/1", "198.51.100.9");
    guest.ip("addr del 198.51.100.9/24 dev eth0");
    sync_with_agent(&guest);
    let (after, writes) = (usage(agent.pid()), guest.changes_since(mark).len());
    println!("{dropped} messages dropped, {writes} requests to the store; {before:?} {after:?}");
    assert!(writes < 200, "{writes} writes");
    assert!(after.rss < before.rss + MAX_GROWTH, "{before:?} {after:?}");
    assert_eq!(after.descriptors, before.descriptors);
}

// At most twenty batches a second.
#[test]
fn flood_of_100_000_changes_causes_at_most_100_requests_a_second() {
    let guest = Guest::new();
    let agent = after_one_flood(&guest);
    let (before, mark, start) = (usage(agent.pid()), guest.mark(), Instant::now());
    flap(&guest, FLAPS);
    let took = start.elapsed();
    sync_with_agent(&guest);
    let (after, writes) = (usage(agent.pid()), guest.changes_since(mark).len());
    println!("{FLAPS} flaps in {took:?}: {writes} requests to the store; {before:?} {after:?}");
    // Twenty batches a second of two addresses at most, their prefixes and the time, and those at the end.
    assert!(writes < 100 + 100 * took.as_secs_f64().ceil() as usize, "{writes} writes");
    assert!(after.rss < before.rss + MAX_GROWTH, "{before:?} {after:?}");
    assert_eq!(after.descriptors, before.descriptors);
}

/// The number of addresses of a link that is no VIF: the kernel sends them in several datagrams.
const FOREIGN: u32 = 3_000;

/// Changes addresses all the time, until dropped. The kernel marks each dump as interrupted.
struct Churn(Child);

impl Churn {
    fn new(guest: &Guest) -> Self {
        let line = |n| format!("addr add 10.1.{}.{}/32 dev p0\n", n / 250, n % 250);
        guest.ip((0..FOREIGN).map(line).collect::<String>());
        guest.file(
            "/run/churn",
            &"addr add 10.9.9.9/32 dev p0\naddr del 10.9.9.9/32 dev p0\n".repeat(1_000),
        );
        let mut command = guest.world_command("sh");
        Self(command.args(["-c", "while ip -batch /run/churn; do :; done"]).spawn().unwrap())
    }

    fn assert_runs(&mut self) {
        assert!(self.0.try_wait().unwrap().is_none(), "addresses change no more");
    }
}

impl Drop for Churn {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

// An interrupted dump may lack an address, so it is repeated; after eight attempts it is published.
#[test]
fn once_publishes_the_network_while_addresses_change() {
    let guest = Guest::new();
    let mut churn = Churn::new(&guest);
    for run in 0..10 {
        let end = guest.run(&["-s", "--once"]);
        assert_eq!(end.code, Some(0), "{end:?}");
        assert_eq!(guest.values("attr/vif/0/ipv4"), ["192.0.2.10"], "run {run}");
        guest.as_guest(|store| store.rm("attr/vif")).unwrap();
    }
    churn.assert_runs();
}

#[test]
fn agent_publishes_the_network_while_addresses_change() {
    let guest = Guest::new();
    let mut churn = Churn::new(&guest);
    let agent = guest.agent(&[]);
    guest.wait_tree(FIRST_TREE);
    guest.ip("addr add 198.51.100.9/24 dev eth0");
    guest.wait_value("attr/vif/0/ipv4/1", "198.51.100.9");
    guest.ip("addr del 198.51.100.9/24 dev eth0");
    guest.wait_tree(FIRST_TREE);
    agent.signal("HUP");
    guest.ip("addr add 198.51.100.8/24 dev eth0");
    guest.wait_value("attr/vif/0/ipv4/1", "198.51.100.8");
    churn.assert_runs();
    drop(churn);
    guest.ip("addr del 198.51.100.8/24 dev eth0");
    guest.wait_tree(FIRST_TREE);
}

// Before Linux 5.14 the VIF of a link is read from sysfs, which needs a descriptor.
#[test]
fn vif_plugged_without_descriptors_is_published_once_there_are_some() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    limit_files(&agent, "3");
    guest.vif("eth1", 1);
    guest.ip("addr add 198.51.100.1/24 dev eth1\naddr add 198.51.100.2/24 dev eth0");
    guest.wait_value("attr/vif/0/ipv4/1", "198.51.100.2");
    limit_files(&agent, "1024");
    guest.wait_value("attr/vif/1/ipv4/0", "198.51.100.1");
}
