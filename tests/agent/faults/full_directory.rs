//! Directories that other programs fill with names. The C xenstored bounds the bytes of the names in one
//! directory and answers as at the guest's quota of nodes; oxenstored has no such bound.

use super::super::harness::{Daemon, FIRST_TREE, Guest, Layout, of_this_machine};
use super::assert_log_is_short;
use super::quota::fill_but;
use std::time::Duration;

/// The other program's names, longest first: 3,802 bytes. The C xenstored takes a part of them, oxenstored all.
fn names() -> impl Iterator<Item = String> {
    let long = (0..150).map(|n| format!("name-of-another-prog-{n:03}"));
    long.chain(('a'..='z').map(String::from))
}

/// Fills a directory until it takes no name any more.
fn fill(guest: &Guest, directory: &str) {
    guest.as_guest(|store| {
        let refused: Vec<_> = names()
            .filter_map(|name| store.write(&format!("{directory}/{name}"), "").err())
            .collect();
        println!("{directory}: {} names refused: {:?}", refused.len(), refused.first());
    });
}

/// Removes the other program's names.
fn clear(guest: &Guest, directory: &str) {
    guest.as_guest(|store| names().for_each(|name| drop(store.rm(&format!("{directory}/{name}")))));
}

/// The keys of the agent, one `key = value` a line.
fn ours(guest: &Guest, directory: &str) -> String {
    let tree = guest.tree().into_iter();
    let is_ours = |key: &String| {
        !names().any(|name| key.strip_prefix(directory) == Some(&format!("/{name}")))
    };
    let lines = tree.filter(|(key, _)| is_ours(key)).map(|(key, value)| format!("{key} = {value}"));
    lines.collect::<Vec<_>>().join("\n")
}

// The C xenstored answers as at the quota, so the limit of nodes is lowered once, and then the keys of the full
// directory are left out alone. On SIGHUP all are there again. oxenstored takes them all.
#[test]
fn full_directory_leaves_out_its_own_keys_and_the_least_important_ones() {
    for directory in ["data", "attr", "drivers", "control", "feature"] {
        for daemon in [Daemon::C, Daemon::OCaml] {
            let guest = Guest::on(Layout::Xapi, daemon);
            fill(&guest, directory);
            let agent = guest.agent(&[]);
            agent.wait_logged("started");
            agent.wait_idle();
            let key = if directory == "attr" { "data/updated" } else { "attr/PVAddons/Installed" };
            assert!(guest.tree().contains_key(key), "{directory}: {:?}", guest.tree());
            clear(&guest, directory);
            agent.signal("HUP");
            guest.wait(|_| {
                ours(&guest, directory) == of_this_machine(FIRST_TREE.trim_matches('\n'))
            });
            assert_log_is_short(&agent.stop("TERM").stderr, 1);
        }
    }
}

// A driver's line is never replaced, also where the lines cannot be listed: oxenstored answers with at most
// 4 KiB of names. When some are gone, ours are written beside it.
#[test]
fn line_of_another_driver_stays_while_drivers_cannot_be_listed_preloaded() {
    let guest = Guest::on(Layout::Xapi, Daemon::OCaml);
    let more = |n| format!("drivers/more-names-of-that-one-{n}");
    fill(&guest, "drivers");
    (0..20).for_each(|n| guest.write_as_guest(&more(n), ""));
    guest.write_as_guest("drivers/0", "ACME x 1 ");
    let line = || guest.as_guest(|store| store.read("drivers/0"));
    let (agent, clock) = guest.agent_with_a_clock(&["--memory-interval", "1"]);
    guest.wait(|tree| tree.contains_key("data/updated"));
    assert_eq!(line().as_deref(), Ok("ACME x 1 "));
    agent.wait_logged("warn: drivers: read failed (E2BIG");
    guest.as_guest(|store| (0..20).for_each(|n| store.rm(&more(n)).unwrap()));
    clock.jump(Duration::from_secs(601));
    guest.wait(|tree| tree.contains_key("drivers/2"));
    assert_eq!(line().as_deref(), Ok("ACME x 1 "));
    assert_log_is_short(&agent.stop("TERM").stderr, 1);
}

// oxenstored creates a part of a chain of nodes before it denies the rest.
#[test]
fn full_store_has_no_empty_directory_of_the_agent() {
    let guest = Guest::on(Layout::Xapi, Daemon::OCaml);
    for room in 8..35 {
        guest.recreate_tree();
        let made = guest.tree();
        fill_but(&guest, room);
        guest.run(&["-s", "--once"]);
        let tree = guest.tree();
        // Other programs may use `data/service`, so it stays.
        let is_new = |key: &&String| {
            !key.starts_with("error/") && *key != "data/service" && !made.contains_key(*key)
        };
        let is_empty = |key: &&String| {
            let below = format!("{key}/");
            tree[*key].is_empty() && !tree.keys().any(|other| other.starts_with(&below))
        };
        let empty: Vec<_> = tree.keys().filter(is_new).filter(is_empty).collect();
        assert!(empty.is_empty(), "with {room} nodes free: {empty:?}");
    }
}
