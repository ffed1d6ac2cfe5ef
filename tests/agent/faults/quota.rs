//! The guest's quota of nodes. The agent uses at most 700; at the quota it leaves 64 free and publishes the
//! most important keys. It tries again after a day, a reload or a restart.

use super::super::harness::{
    DOORBELL, Daemon, FIRST_TREE, Guest, Layout, Nodes, PATIENCE, wait_for,
};
use super::assert_log_is_short;
use std::time::Duration;

/// The default quota: nodes that a guest may own.
const QUOTA: u32 = 1000;
/// The nodes that the agent uses at most, and those that it leaves free at the quota.
const MAX_NODES: usize = 700;
const RESERVE: usize = 64;
/// The nodes that the agent keeps: `attr/PVAddons` with its five keys, `data/updated`, `data/service`.
const CORE: usize = 8;
/// Uses up the guest's quota except for so many nodes.
pub(super) fn fill_but(guest: &Guest, room: u32) {
    // In several directories: the C xenstored limits the number of names in one.
    guest.as_guest(|store| {
        let key = |n| format!("error/{}/{n}", n % 50);
        let full = (0..QUOTA).find(|n| store.write(&key(*n), "x").is_err());
        let full = full.expect("there is a quota");
        (full - room..full).for_each(|n| store.rm(&key(n)).unwrap());
    });
}

/// Priority of a key: PVAddons, OS, first addresses, memory, all others.
fn importance(key: &str) -> u8 {
    let heads = [
        (0, ["attr/PVAddons/", "data/updated"]),
        (1, ["data/os_", "data/host_name_dns"]),
        (1, ["data/domain", "data/domain"]),
        (2, ["attr/vif/0/ipv4/0", "attr/vif/0/ipv6/0"]),
        (3, ["data/meminfo_", "control/"]),
        (5, ["attr/vif/0/ipv4/", "attr/vif/0/ipv6/"]),
    ];
    let found = heads.iter().find(|(_, heads)| heads.iter().any(|head| key.starts_with(head)));
    found.map_or(4, |(importance, _)| *importance)
}

fn add_addresses(guest: &Guest, count: u32) {
    let lines =
        (0..count).map(|n| format!("addr add 10.0.{}.{}/16 dev eth0\n", n / 200, n % 200 + 1));
    // Some of them may exist already.
    guest.ip_where_possible(lines.collect::<String>());
}

/// The keys of the agent, without directories.
fn ours(guest: &Guest) -> Nodes {
    let tree = guest.tree().into_iter();
    tree.filter(|(key, value)| !key.starts_with("error/") && !value.is_empty()).collect()
}

/// The number of the agent's nodes, directories included.
fn owned(guest: &Guest) -> usize {
    guest.keys().keys().filter(|key| !key.starts_with("error/")).count()
}

// 106 keys need 114 nodes. Afterwards 64 nodes are free, or only the core keys are left.
#[test]
fn full_store_keeps_64_nodes_free_and_has_the_most_important_keys() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = Guest::on(Layout::Xapi, daemon);
        add_addresses(&guest, 40);
        assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
        let wanted = ours(&guest);
        for room in [0, 5, 20, 71, 80, 90, 100, 110, 120, 300] {
            guest.recreate_tree();
            fill_but(&guest, room);
            let end = guest.run(&["-s", "--once"]);
            let (is, owned) = (ours(&guest), owned(&guest));
            let missing: Vec<_> = wanted.keys().filter(|key| !is.contains_key(*key)).collect();
            println!("room for {room}: {} of {} keys, {owned} nodes", is.len(), wanted.len());
            assert_eq!(end.code, Some(i32::from(!missing.is_empty())), "{end:?}\n{is:#?}");
            let lines = end.stderr.matches("xenstore quota reached").count();
            assert_eq!(lines, usize::from(!missing.is_empty()), "{end:?}");
            let has_wrong = is.iter().any(|(key, value)| wanted.get(key) != Some(value));
            assert!(!has_wrong, "{is:#?}");
            if !missing.is_empty() {
                let most = (room as usize).saturating_sub(RESERVE).max(CORE);
                assert!(owned <= most, "{owned} nodes of {room}");
            }
            for key in &missing {
                let lesser = is.keys().filter(|other| importance(other) > importance(key)).count();
                assert_eq!(lesser, 0, "{key} is missing in {is:#?}");
            }
        }
    }
}

// The guest's frontends need the rest of the quota.
#[test]
fn guest_with_a_thousand_addresses_has_at_most_700_nodes_and_a_restart_changes_none() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = Guest::on(Layout::Xapi, daemon);
        for count in [300, 600, 1000] {
            add_addresses(&guest, count);
            let end = guest.run(&["-s", "--once"]);
            assert_eq!(end.code, Some(0), "{end:?}");
            let owned = owned(&guest);
            println!("{count} addresses: {owned} nodes");
            assert!(owned <= MAX_NODES && owned > 600, "{owned} nodes");
            let lines = end.stderr.matches("more than 700 nodes to publish").count();
            assert_eq!(lines, usize::from(count > 300), "{end:?}");
            if daemon == Daemon::C {
                guest.assert_restart_is_quiet(&[]);
            }
        }
    }
}

// After a day the agent tries again, and leaves 64 nodes free again. After other programs have removed their keys, the
// next try publishes all keys.
#[test]
fn full_store_is_tried_again_every_day_preloaded() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = Guest::on(Layout::Xapi, daemon);
        fill_but(&guest, 20);
        let (agent, clock) = guest.agent_with_a_clock(&["--memory-interval", "1"]);
        agent.wait_logged("xenstore quota reached");
        guest.wait(|tree| tree.contains_key("data/updated") && owned(&guest) == CORE);
        if daemon == Daemon::C {
            clock.jump(Duration::from_secs(23 * 3600));
            super::super::memory::wait_samples(&agent, 3);
            assert_eq!(owned(&guest), CORE);
            let mark = guest.mark();
            clock.jump(Duration::from_secs(3600));
            let is_tried =
                || guest.changes_since(mark).iter().any(|change| change.starts_with("rm "));
            assert!(wait_for(PATIENCE, is_tried), "{:?}", guest.changes_since(mark));
            guest.wait(|_| owned(&guest) == CORE);
        }
        (0..50).for_each(|n| drop(guest.as_guest(|store| store.rm(&format!("error/{n}")))));
        clock.jump(Duration::from_secs(24 * 3600 + 1));
        guest.wait_tree(FIRST_TREE);
        agent.wait_logged("xenstore quota no longer reached");
        let log = agent.stop("TERM").stderr;
        assert_log_is_short(&log, 1);
        assert_eq!(log.matches("warn: ").count(), 1, "{log}");
    }
}

#[test]
fn reload_publishes_everything_when_there_is_space_again() {
    let guest = Guest::new();
    fill_but(&guest, 20);
    let agent = guest.agent(&[]);
    agent.wait_logged("xenstore quota reached");
    (0..50).for_each(|n| drop(guest.as_guest(|store| store.rm(&format!("error/{n}")))));
    agent.signal("HUP");
    guest.wait_tree(FIRST_TREE);
}

// The guest's frontends need the free nodes, also after a start, a reload and a watch that came late.
#[test]
fn start_and_reload_at_a_full_store_leave_64_nodes_free() {
    let guest = Guest::new();
    add_addresses(&guest, 200);
    fill_but(&guest, 300);
    for _ in 0..2 {
        let agent = guest.agent(&[]);
        agent.wait_logged("xenstore quota reached");
        guest.wait(|_| owned(&guest) <= 300 - RESERVE);
        for reload in 1..=3 {
            let mark = guest.mark();
            agent.signal("HUP");
            agent.wait_logged_times("reload: reading xenstore back", reload);
            let is_tried =
                || guest.changes_since(mark).iter().any(|change| change.starts_with("rm "));
            assert!(wait_for(PATIENCE, is_tried), "{:?}", guest.changes_since(mark));
            guest.wait(|_| owned(&guest) <= 300 - RESERVE);
        }
        let log = agent.stop("TERM").stderr;
        assert_eq!(log.matches("xenstore quota reached").count(), 1, "{log}");
        assert!(owned(&guest) > 200, "{}", owned(&guest));
    }
}

// Addresses are left out too. The doorbell must be written all the same.
#[test]
fn new_os_name_at_a_full_store_writes_the_doorbell() {
    let guest = Guest::new();
    add_addresses(&guest, 200);
    fill_but(&guest, 300);
    let mark = guest.mark();
    let agent = guest.agent(&[]);
    agent.wait_logged("xenstore quota reached");
    guest.wait(|_| owned(&guest) <= 300 - RESERVE);
    guest.batch_since(mark);
    let mark = guest.mark();
    guest.file(
        "/etc/os-release",
        "PRETTY_NAME=\"Plan 9\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n",
    );
    assert_eq!(
        guest.batch_since(mark),
        ["write data/os_name = Plan 9", DOORBELL, "write data/updated"]
    );
}
