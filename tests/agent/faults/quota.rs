//! ENOSPC / quota: the contract's order of importance, with as much room as there is; whole again when
//! there is room.

use super::super::harness::{Daemon, FIRST_TREE, Guest, Layout, Nodes};
use super::assert_calm;
use std::time::Duration;

/// What a guest may own, by default.
const QUOTA: u32 = 1000;
/// The longest wait between two tries of what found no room, and what the machine may add.
const TRIED_AGAIN: Duration = Duration::from_secs(20);

/// Fills the guest's quota but for so many nodes.
fn fill_but(guest: &Guest, room: u32) {
    guest.as_guest(|store| {
        let full = (0..QUOTA).find(|n| store.write(&format!("error/{}/{n}", n % 50), "x").is_err());
        let full = full.expect("there is a quota");
        (full - room..full).for_each(|n| store.rm(&format!("error/{}/{n}", n % 50)).unwrap());
    });
}

/// The contract's order: PVAddons, OS, first addresses, memory, the rest.
fn importance(key: &str) -> u8 {
    let heads = [
        (0, ["attr/PVAddons/", "attr/PVAddons/"]),
        (1, ["data/os_", "data/host_name_dns"]),
        (1, ["data/domain", "data/updated"]),
        (2, ["attr/vif/0/ipv4/0", "attr/vif/0/ipv6/0"]),
        (3, ["data/meminfo_", "control/"]),
        (5, ["attr/vif/0/ipv4/", "attr/vif/0/ipv6/"]),
    ];
    let found = heads.iter().find(|(_, heads)| heads.iter().any(|head| key.starts_with(head)));
    found.map_or(4, |(importance, _)| *importance)
}

/// The keys that a guest with all the room would have, some 40 of them.
fn wanted(guest: &Guest) -> Nodes {
    let lines = (1..9).map(|n| format!("addr add 198.51.100.{n}/24 dev eth0\n"));
    guest.ip(lines.collect::<String>());
    assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
    let tree = guest.tree();
    guest.rebuild();
    tree
}

/// The keys; a directory that was made for one that found no room itself is none.
fn ours(guest: &Guest) -> Nodes {
    let tree = guest.tree().into_iter();
    tree.filter(|(key, value)| !key.starts_with("error/") && !value.is_empty()).collect()
}

/// How many nodes a key takes that is not there: directories are nodes too.
fn needed(key: &str, is: &Nodes) -> usize {
    let above = key.match_indices('/').map(|(at, _)| &key[..=at]).skip(1);
    1 + above.filter(|directory| !is.keys().any(|key| key.starts_with(directory))).count()
}

// With room for few nodes or many: what is missing could not have been there had all that matters less
// made room for it; each key that is there is right.
#[test]
fn a_full_store_has_what_matters_most_whatever_room_there_is() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = Guest::on(Layout::Xapi, daemon);
        let wanted = wanted(&guest);
        for room in (0..60).step_by(6) {
            guest.rebuild();
            fill_but(&guest, room);
            let end = guest.run(&["-s", "--once"]);
            let is = ours(&guest);
            let missing: Vec<_> = wanted.keys().filter(|key| !is.contains_key(*key)).collect();
            assert_eq!(end.code, Some(i32::from(!missing.is_empty())), "{end:?}\n{is:#?}");
            for (key, value) in &is {
                assert_eq!(Some(value), wanted.get(key), "{key} in {is:#?}");
            }
            println!("room for {room}: {} of {} keys", is.len(), wanted.len());
            for key in &missing {
                let lesser = is.keys().filter(|other| importance(other) > importance(key)).count();
                assert!(lesser < needed(key, &is), "{key} is missing in {is:#?}");
            }
            assert_eq!(
                end.stderr.matches("the store is full").count(),
                usize::from(!missing.is_empty())
            );
        }
    }
}

// One line each way; when others make room it is used without being told of it.
#[test]
fn a_full_store_is_whole_again_when_there_is_room() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = Guest::on(Layout::Xapi, daemon);
        fill_but(&guest, 10);
        let agent = guest.agent(&["--memory-interval", "1"]);
        agent.wait_logged("the store is full");
        guest.as_guest(|store| store.rm("error/1")).unwrap();
        (2..50).for_each(|n| guest.as_guest(|store| store.rm(&format!("error/{n}"))).unwrap());
        guest.as_guest(|store| store.rm("error/0")).unwrap();
        guest.wait_tree_for(TRIED_AGAIN, FIRST_TREE);
        agent.wait_logged("the store has room again");
        let log = agent.stop("TERM").stderr;
        assert_calm(&log, 1);
        assert_eq!(log.matches("warn: ").count(), 1, "{log}");
    }
}

// Somebody in the guest has taken all watches: nothing but a restore needs them.
#[test]
fn without_a_watch_everything_is_published_and_told_of_once() {
    let guest = Guest::new();
    let all = guest.all_watches();
    let agent = guest.agent(&[]);
    guest.wait_tree(FIRST_TREE);
    agent.wait_logged("warn: resume watch: E2BIG");
    agent.wait_logged("warn: sriov: E2BIG");
    drop(all);
    agent.wait_logged("info: resume watch: well again");
    agent.wait_logged("info: sriov: well again");
    assert_calm(&agent.stop("TERM").stderr, 1);
}
