//! Tests of the harness itself.

use super::harness::{
    Agent, Daemon, Guest, Layout, PATIENCE, Store, WATCH, WatchCounter, program, strings, wait_for,
};
use std::path::Path;
use std::process::Command;

// A client of the guest's socket is the guest, not dom0.
#[test]
fn write_of_the_guest_is_in_its_tree_and_in_the_trace() {
    let guest = Guest::new();
    let mark = guest.mark();
    guest.write_as_guest("data/some/key", "two words (and more)\nand a line");
    assert_eq!(
        guest.changes_since(mark),
        ["write data/some/key = two words (and more)\nand a line"]
    );
    guest.wait_tree("data/some/key = two words (and more)\nand a line");
}

// In `control` of libxl the guest may write only nodes that libxl made for it.
#[test]
fn xl_denies_control_and_xapi_allows_it() {
    for (layout, allowed) in [(Layout::Xapi, true), (Layout::Xl, false)] {
        for daemon in [Daemon::C, Daemon::OCaml] {
            let guest = Guest::on(layout, daemon);
            assert_eq!(
                guest.as_guest(|store| store.write("control/feature-x", "1")).is_ok(),
                allowed
            );
            assert_eq!(
                guest.as_guest(|store| store.write("/local/domain/0/x", "1")),
                Err("EACCES".into())
            );
        }
    }
}

// By default a guest owns 1,000 nodes at most. The test also sends some 3,000 messages over a 1 KiB ring.
// docs/FAULTS.md has what the xenstoreds of three releases of Xen print here.
#[test]
fn each_limit_of_xenstored_answers_with_an_error_that_means_a_quota() {
    for (name, daemon) in [("xenstored", Daemon::C), ("oxenstored", Daemon::OCaml)] {
        let guest = Guest::on(Layout::Xapi, daemon);
        let first_refused = |limit, ask: fn(&mut Store, usize) -> Result<(), String>| {
            let (n, error) = guest
                .as_guest(|store| (1..=4000).find_map(|n| ask(store, n).err().map(|e| (n, e))))
                .unwrap_or_else(|| panic!("{name} has no limit of {limit}"));
            println!("{name}: {limit} {n}: {error}");
            assert!(["ENOSPC", "EQUOTA", "E2BIG"].contains(&error.as_str()), "{limit}: {error}");
        };
        first_refused("bytes of a value", |store, n| store.write("data/value", &"x".repeat(n)));
        first_refused("watches", |store, n| {
            store.call(WATCH, &strings(&["data", &n.to_string()])).map(drop)
        });
        first_refused("nodes", |store, n| store.write(&format!("data/{}/{n}", n % 10), ""));
    }
}

// The agent detects a resume by such a watch.
#[test]
fn watch_of_the_guest_fires() {
    let guest = Guest::new();
    let changes = WatchCounter::of(&guest.socket(), "data");
    let seen = changes.count();
    guest.write_as_guest("data/key", "1");
    assert!(changes.wait_beyond(seen, std::time::Instant::now() + PATIENCE));
}

// Its clients' connections end too.
#[test]
fn restarted_xenstored_is_empty() {
    let guest = Guest::new();
    guest.write_as_guest("data/key", "1");
    guest.kill_xenstored();
    assert!(!guest.socket().exists());
    guest.start_xenstored();
    guest.wait_tree("");
    guest.write_as_guest("data/key", "2");
    guest.wait_tree("data/key = 2");
}

// strace(1) that is killed leaves the program running.
#[test]
fn agent_under_strace_ends_when_it_is_dropped() {
    let guest = Guest::new();
    let mut command = guest.world_command("strace");
    command.args(["-o", "/run/strace", program(), "-s"]).env("XENSTORED_PATH", guest.socket());
    let strace = Agent::spawn(command);
    guest.wait(|tree| tree.contains_key("data/updated"));
    let found = Command::new("pgrep").args(["-P", &strace.pid().to_string()]).output().unwrap();
    let agent = String::from_utf8(found.stdout).unwrap();
    let process = Path::new("/proc").join(agent.trim());
    assert!(process.exists() && !agent.is_empty(), "{agent}");
    drop(strace);
    assert!(wait_for(PATIENCE, || !process.exists()), "process {agent} goes on");
}
