//! Counts of the system calls and requests that a change of the network causes.

use super::harness::{Agent, FIRST_TREE, Guest, program};
use std::fs;
use std::time::Instant;

/// The agent under strace(1).
struct Traced<'a> {
    guest: &'a Guest,
    agent: Agent,
}

impl<'a> Traced<'a> {
    fn new(guest: &'a Guest) -> Self {
        let mut command = guest.world_command("strace");
        command.args(["-f", "-s", "200", "-o", "/run/strace", program(), "-s"]);
        command.env("XENSTORED_PATH", guest.socket());
        Self { guest, agent: Agent::spawn(command) }
    }

    /// The system calls of all threads so far, in one or two lines each. Ends the agent.
    fn calls(self) -> Vec<String> {
        let pid = self.agent.pid();
        self.guest.sh(&format!("kill -TERM $(pgrep -P {pid})"));
        assert_eq!(self.agent.wait().code, Some(0));
        let trace = fs::read_to_string(self.guest.path("/run/strace")).unwrap();
        trace.lines().map(str::to_owned).collect()
    }
}

/// The calls from the kernel's message of `kind` to the write of `value`: those of the thread that received
/// the message, until it woke another one, and those of the thread that wrote the value. The C library asks for memory
/// in its own way, and wakes who waits for its lock.
fn until_written<'a>(calls: &'a [String], kind: &str, value: &str) -> Vec<&'a str> {
    let thread = |call: &str| call.split(' ').next().map(str::to_owned);
    let write = calls.iter().position(|call| call.contains(value) && !call.contains("recv"));
    let write = write.expect("the value is written");
    let is_event = |call: &String| call.contains("recv") && call.contains(kind);
    let event = calls[..write].iter().rposition(is_event).expect("the message is received");
    let (receiver, writer) = (thread(&calls[event]), thread(&calls[write]));
    let is_wake = |call: &&String| thread(call) == receiver && call.contains("FUTEX_WAKE");
    let between = &calls[event..=write];
    let wake = between.iter().position(|call| is_wake(&call)).expect("the publisher is woken");
    let is_of_library =
        |call: &str| [" mmap(", " munmap(", " brk("].iter().any(|name| call.contains(name));
    let is_part = |(at, call): &(usize, &String)| {
        !call.contains(" resumed>")
            && !is_of_library(call)
            && if *at <= wake {
                thread(call) == receiver
            } else {
                thread(call) == writer && !call.contains(" futex(")
            }
    };
    between.iter().enumerate().filter(is_part).map(|(_, call)| call.as_str()).collect()
}

/// Sleeps for longer than the minimum interval between batches.
fn wait_batch_interval() {
    std::thread::sleep(std::time::Duration::from_millis(150));
}

fn count(calls: &[String], words: &[&str]) -> usize {
    calls.iter().filter(|call| words.iter().all(|word| call.contains(word))).count()
}

// One call each to receive the message, find the queue empty, wake the publisher and write. The request for
// routes comes afterwards.
#[test]
fn added_address_is_written_after_few_system_calls() {
    let guest = Guest::new();
    guest.ip("route add default via 192.0.2.1");
    let traced = Traced::new(&guest);
    guest.wait_tree(FIRST_TREE);
    wait_batch_interval();
    guest.ip("addr add 198.51.100.7/25 dev eth0");
    guest.wait_value("attr/vif/0/ipv4/1", "198.51.100.7");
    let calls = traced.calls();
    let made = until_written(&calls, "RTM_NEWADDR", "198.51.100.7");
    println!("{}", made.join("\n"));
    assert_eq!(made.len(), 4, "{made:#?}");
}

// Without a second address of the same preference, the default route cannot change the order.
#[test]
fn single_address_causes_no_route_request() {
    let guest = Guest::new();
    guest.ip("addr flush dev eth0");
    let traced = Traced::new(&guest);
    guest.wait(|tree| tree.contains_key("data/updated"));
    guest.ip("addr add 192.0.2.10/24 dev eth0");
    guest.wait_value("attr/vif/0/ipv4/0", "192.0.2.10");
    guest.ip("addr add 2001:db8::a/64 dev eth0 nodad");
    guest.wait_value("attr/vif/0/ipv6/0", "2001:db8::a");
    // One request for each family at the start.
    assert_eq!(count(&traced.calls(), &["send", "RTM_GETROUTE"]), 2);
}

// The kernel drops the events of all other routes: a router may have a million of them.
#[test]
fn events_of_default_routes_only_are_received() {
    let guest = Guest::new();
    let traced = Traced::new(&guest);
    guest.wait_tree(FIRST_TREE);
    let family = |net: &str, n| format!("route add {net}{n} dev eth0\n");
    guest.ip((0..50).map(|n| family("10.7.0.", n)).collect::<String>());
    guest.ip((1..50).map(|n| family("2001:db8:7::", n)).collect::<String>());
    guest.ip("route add default via 192.0.2.1\naddr add 198.51.100.7/25 dev eth0");
    guest.wait_value("attr/vif/0/ipv4/1", "198.51.100.7");
    let calls = traced.calls();
    assert_eq!(count(&calls, &["recv", "RTM_NEWROUTE", "10.7.0."]), 0);
    assert_eq!(count(&calls, &["recv", "RTM_NEWROUTE", "2001:db8:7::"]), 0);
    assert_ne!(count(&calls, &["recv", "RTM_NEWROUTE", "192.0.2.1"]), 0);
}

// A macvlan is never a VIF, so it is not looked up in sysfs.
#[test]
fn two_thousand_macvlans_cause_no_file_access_and_no_write() {
    let guest = Guest::new();
    let start = guest.mark();
    let traced = Traced::new(&guest);
    guest.wait_tree(FIRST_TREE);
    guest.batch_since(start);
    let (mark, begin) = (guest.mark(), Instant::now());
    let line = |n| format!("link add mv{n} link eth0 type macvlan mode bridge\n");
    guest.ip((0..2_000).map(line).collect::<String>());
    guest.ip(
        "link set mv1999 addrgenmode none\nlink set mv1999 up\naddr add 198.51.100.7/25 dev mv1999",
    );
    guest.wait_value("attr/vif/0/ipv4/1", "198.51.100.7");
    let changes = guest.changes_since(mark);
    assert_eq!(changes.len(), 3, "{changes:#?}");
    let most = begin.elapsed().as_millis() as usize / 50;
    let calls = traced.calls();
    assert_eq!(count(&calls, &["open", "sys/class/net/mv"]), 0);
    // One message for each link; it wakes the publisher every 50 ms at most (SEND_INTERVAL). A parked thread waits with a
    // bit set, unlike one that waits for a lock.
    let received = count(&calls, &["RTM_NEWLINK"]);
    let parked = count(&calls, &["futex(", "FUTEX_WAIT_BITSET"]);
    println!("{received} messages received, the publisher parked {parked} times");
    assert!(parked <= 20 + most, "parked {parked} times");
}
