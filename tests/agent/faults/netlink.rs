//! Netlink overrun (ENOBUFS) under 100,000 address flaps: dumped again, the final state is right, memory
//! flat, a bounded number of writes.

use super::super::harness::{Agent, FIRST_TREE, Guest, waiting_and_dropped};
use super::sources::limit_files;
use super::usage;
use std::process::Child;
use std::time::Instant;

const FLAPS: u32 = 100_000;
/// How much more memory may be its own afterwards, in KiB.
const FLAT: u64 = 256;

/// The address comes and goes so many times, others between, and is there in the end.
fn flap(guest: &Guest, times: u32) {
    let lines = (0..times / 2).map(|n| {
        let n = n % 50;
        format!("addr add 10.0.0.{n}/32 dev eth0\naddr del 10.0.0.{n}/32 dev eth0\n")
    });
    guest.ip(lines.collect::<String>());
}

/// The tree of a fresh guest that has caught up.
fn caught_up(guest: &Guest) {
    guest.catch_up();
    let more = "attr/vif/0/ipv4/1 = 203.0.113.1\nattr/vif/0/ipv4/1/prefix = 32\nattr/vif/0/mac";
    guest.wait_tree(&FIRST_TREE.replace("attr/vif/0/mac", more));
    guest.ip("addr del 203.0.113.1/32 dev eth0");
    guest.wait_tree(FIRST_TREE);
}

/// Has it seen a flood already: what it takes once is no growth.
fn warm(guest: &Guest) -> Agent {
    let agent = guest.published(&[]);
    flap(guest, 2_000);
    caught_up(guest);
    agent
}

// While the agent is stopped the kernel has to drop messages: it dumps again.
#[test]
fn an_overrun_by_100_000_address_flaps_is_dumped_again() {
    let guest = Guest::new();
    let agent = warm(&guest);
    let (before, mark) = (usage(agent.pid()), guest.mark());
    agent.signal("STOP");
    flap(&guest, FLAPS);
    guest.ip("addr add 198.51.100.9/24 dev eth0");
    let (_, dropped) = waiting_and_dropped(&agent);
    assert!(dropped > 0, "the socket was not overrun");
    agent.signal("CONT");
    guest.wait_value("attr/vif/0/ipv4/1", "198.51.100.9");
    guest.ip("addr del 198.51.100.9/24 dev eth0");
    caught_up(&guest);
    let (after, writes) = (usage(agent.pid()), guest.changes_since(mark).len());
    println!("{dropped} messages dropped, {writes} requests to the store; {before:?} {after:?}");
    assert!(writes < 200, "{writes} writes");
    assert!(after.rss < before.rss + FLAT, "{before:?} {after:?}");
    assert_eq!(after.descriptors, before.descriptors);
}

// While it runs: what the publisher cannot follow is coalesced.
#[test]
fn of_100_000_address_flaps_few_are_written() {
    let guest = Guest::new();
    let agent = warm(&guest);
    let (before, mark, start) = (usage(agent.pid()), guest.mark(), Instant::now());
    flap(&guest, FLAPS);
    let took = start.elapsed();
    caught_up(&guest);
    let (after, writes) = (usage(agent.pid()), guest.changes_since(mark).len());
    println!("{FLAPS} flaps in {took:?}: {writes} requests to the store; {before:?} {after:?}");
    // Twenty batches a second of an address, its prefix and the time, or two, and those at the end.
    assert!(writes < 100 + 100 * took.as_secs_f64().ceil() as usize, "{writes} writes");
    assert!(after.rss < before.rss + FLAT, "{before:?} {after:?}");
    assert_eq!(after.descriptors, before.descriptors);
}

/// Addresses of a link that is no VIF: so many that the kernel sends them in several datagrams.
const FOREIGN: u32 = 3_000;

/// Addresses that change all the time, until dropped. The kernel marks each dump meanwhile as interrupted.
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

// A dump that was interrupted may lack an address: it is repeated, and after several tries published.
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

// Without a descriptor sysfs cannot be read, which says which VIF a link is before Linux 5.14.
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
