//! That the ground holds on which the other tests stand: no agent here.

use super::harness::{Daemon, Guest, Layout, PATIENCE, WatchCounter};

// A client of the guest's socket is the guest, not dom0.
#[test]
fn what_the_guest_writes_is_in_its_tree_and_in_the_trace() {
    let guest = Guest::new();
    let mark = guest.mark();
    guest.left_behind("data/some/key", "two words (and more)\nand a line");
    assert_eq!(
        guest.changes_since(mark),
        ["write data/some/key = two words (and more)\nand a line"]
    );
    guest.wait_tree("data/some/key = two words (and more)\nand a line");
}

// libxl: of `control` the guest may write only what libxl made for it.
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

// Limits: a guest owns 1,000 nodes at most. Also carries some 1,000 messages over a 1 KiB ring.
#[test]
fn the_guest_meets_its_quota() {
    let guest = Guest::new();
    let refused = guest.as_guest(|store| {
        (0..1100).find_map(|n| store.write(&format!("data/{}/{}", n % 10, n), &"x".repeat(n)).err())
    });
    assert_eq!(refused, Some("ENOSPC".into()));
}

// A watch, as an agent uses one to learn of a resume, fires for its owner.
#[test]
fn a_watch_of_the_guest_fires() {
    let guest = Guest::new();
    let changes = WatchCounter::of(&guest.socket(), "data");
    let seen = changes.count();
    guest.left_behind("data/key", "1");
    assert!(changes.wait_beyond(seen, std::time::Instant::now() + PATIENCE));
}

// When xenstored dies its clients' connections end, and it starts with an empty store.
#[test]
fn a_restarted_xenstored_knows_nothing() {
    let guest = Guest::new();
    guest.left_behind("data/key", "1");
    guest.kill_xenstored();
    assert!(!guest.socket().exists());
    guest.start_xenstored();
    guest.wait_tree("");
    guest.left_behind("data/key", "2");
    guest.wait_tree("data/key = 2");
}
