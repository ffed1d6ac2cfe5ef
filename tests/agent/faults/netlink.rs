//! Netlink overrun (ENOBUFS) under 100,000 address flaps: dumped again, the final state is right, memory
//! flat, a bounded number of writes.

use super::super::harness::{Agent, FIRST_TREE, Guest, waiting_and_dropped};
use super::usage;
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
