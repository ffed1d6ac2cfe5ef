//! Counts of the system calls and requests that a change of the network causes.

use super::harness::{Agent, FIRST_TREE, Guest, program};
use std::fs;
use std::time::Instant;

/// The agent under strace(1).
pub(super) struct Traced<'a> {
    guest: &'a Guest,
    agent: Agent,
}

impl<'a> Traced<'a> {
    pub fn new(guest: &'a Guest) -> Self {
        let mut command = guest.world_command("strace");
        command.args(["-f", "-s", "200", "-o", "/run/strace", program(), "-s"]);
        command.env("XENSTORED_PATH", guest.socket());
        Self { guest, agent: Agent::spawn(command) }
    }

    /// The system calls of all threads so far, in one or two lines each. Ends the agent.
    pub fn calls(self) -> Vec<String> {
        let pid = self.agent.pid();
        self.guest.sh(&format!("kill -TERM $(pgrep -P {pid})"));
        assert_eq!(self.agent.wait().code, Some(0));
        Self::read(self.guest)
    }

    /// The system calls so far, while the agent runs.
    pub fn read(guest: &Guest) -> Vec<String> {
        let trace = fs::read_to_string(guest.path("/run/strace")).unwrap();
        trace.lines().map(str::to_owned).collect()
    }
}

pub(super) fn count(calls: &[String], words: &[&str]) -> usize {
    calls.iter().filter(|call| words.iter().all(|word| call.contains(word))).count()
}

// A guest may have thousands of links.
#[test]
fn added_address_causes_one_list_of_addresses_and_none_of_links() {
    let guest = Guest::new();
    let traced = Traced::new(&guest);
    guest.wait_tree(FIRST_TREE);
    guest.ip("addr add 198.51.100.7/25 dev eth0");
    guest.wait_value("attr/vif/0/ipv4/1", "198.51.100.7");
    let calls = traced.calls();
    // One at the start, and one at the end.
    assert_eq!(count(&calls, &["send", "RTM_GETLINK"]), 1);
    assert_eq!(count(&calls, &["send", "RTM_GETADDR"]), 3);
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
    // Of an event only the header is read: sixteen bytes.
    let events =
        calls.iter().filter(|call| call.contains("recv") && call.contains(", 16, MSG_DONTWAIT"));
    let events: Vec<_> = events.filter(|call| call.contains("RTM_NEWROUTE")).collect();
    assert_eq!(events.len(), 1, "{events:#?}");
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
    // Messages of the pause that follows a list cause one list.
    let lists = count(&calls, &["send", "RTM_GETLINK"]);
    println!("links listed {lists} times");
    assert!(lists <= 20 + most, "links listed {lists} times");
}
