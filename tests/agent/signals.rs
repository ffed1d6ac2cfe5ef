//! SIGTERM and SIGINT end it, SIGHUP has it look again at everything.

use super::harness::{FIRST_TREE, Guest, OS_RELEASE};
use std::time::Duration;

// SIGTERM/SIGINT: exit 0 within a second, and what it told stays.
#[test]
fn sigterm_and_sigint_end_it_with_0_within_a_second() {
    for signal in ["TERM", "INT"] {
        let guest = Guest::new();
        let end = guest.published(&[]).stop(signal);
        assert_eq!(end.code, Some(0), "{end:?}");
        assert!(end.took < Duration::from_secs(1), "{end:?}");
        guest.wait_tree(FIRST_TREE);
    }
}

// The publisher drains: the batch under way is written to its end.
#[test]
fn sigterm_in_the_middle_of_a_flood_leaves_a_whole_batch() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    let mark = guest.mark();
    guest.ip((1..=200).map(|n| format!("addr add 10.0.0.{n}/32 dev eth0\n")).collect::<String>());
    guest.wait(|tree| tree.contains_key("attr/vif/0/ipv4/1"));
    let end = agent.stop("TERM");
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(end.took < Duration::from_secs(1), "{:?}", end.took);
    assert_eq!(guest.changes_since(mark).last().unwrap(), "write data/updated");
    let tree = guest.tree();
    let addresses = tree.values().filter(|value| value.starts_with("10.0.0.")).count();
    assert_eq!(
        addresses,
        tree.iter().filter(|(key, value)| key.ends_with("/prefix") && *value == "32").count()
    );
}

// Stopping is not stopped by a host that does not answer: xenstored may be gone.
#[test]
fn sigterm_ends_it_within_a_second_without_a_store_too() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    guest.kill_xenstored();
    guest.ip("addr add 198.51.100.7/25 dev eth0");
    let end = agent.stop("TERM");
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(end.took < Duration::from_secs(1), "{end:?}");
}

// …nor by one that takes a request and leaves it there.
#[test]
fn sigterm_ends_it_within_a_second_while_the_store_is_stalled() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    guest.stall_xenstored();
    guest.ip("addr add 198.51.100.7/25 dev eth0");
    let end = agent.stop("TERM");
    assert!(end.took < Duration::from_secs(1), "{end:?}");
}

// Reloads of a stalled store fill what waits for it; the signal to end still comes through.
#[test]
fn sigterm_ends_it_within_a_second_after_reloads_of_a_stalled_store() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    guest.stall_xenstored();
    for times in 1..=12 {
        agent.signal("HUP");
        agent.wait_logged_times("reload: reading xenstore back", times);
    }
    let end = agent.stop("TERM");
    assert!(end.took < Duration::from_secs(1), "{end:?}");
}

// SIGHUP collects afresh; xenopsd does not watch data/os_*, so a PVAddons key is the doorbell.
#[test]
fn sighup_after_an_upgrade_tells_the_new_os_and_rings_the_doorbell() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    let mark = guest.mark();
    guest.file("/etc/os-release", &OS_RELEASE.replace("12 (bookworm)", "12 (bookworm) LTS"));
    agent.signal("HUP");
    assert_eq!(
        guest.batch_since(mark),
        [
            "write data/os_name = Debian GNU/Linux 12 (bookworm) LTS",
            "write attr/PVAddons/BuildVersion = 0",
            "write data/updated"
        ]
    );
}

// …a new host name likewise.
#[test]
fn sighup_after_a_new_host_name_tells_it_and_rings_the_doorbell() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    let mark = guest.mark();
    guest.host_name("other.example.org");
    agent.signal("HUP");
    assert_eq!(
        guest.batch_since(mark),
        [
            "write data/host_name_dns = other",
            "write attr/PVAddons/BuildVersion = 0",
            "write data/updated"
        ]
    );
}

// A repeat is harmless.
#[test]
fn sighup_with_nothing_changed_writes_nothing() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    let mark = guest.mark();
    agent.signal("HUP");
    guest.assert_quiet_since(mark);
    let mark = guest.mark();
    assert_eq!(agent.stop("TERM").code, Some(0));
    assert_eq!(guest.changes_since(mark), [""; 0]);
}

// SIGHUP reads back the store: what somebody else took or left there is set right.
#[test]
fn sighup_sets_right_what_somebody_else_changed() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    guest.as_guest(|store| store.rm("attr/vif/0")).unwrap();
    guest.write_as_guest("attr/vif/7/name", "eth7");
    guest.write_as_guest("data/os_name", "Windows");
    agent.signal("HUP");
    guest.wait_tree(FIRST_TREE);
}

#[test]
fn many_signals_at_once_do_no_harm() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    (0..50).for_each(|_| agent.signal("HUP"));
    assert_eq!(agent.stop("TERM").code, Some(0));
    guest.wait_tree(FIRST_TREE);
}

// A signal that interrupts a thread in the midst of a request to the device leaves FreeBSD's older kernels out
// of step with xenstored: one thread takes them all.
#[test]
fn only_the_thread_for_signals_can_be_interrupted_by_them() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    let signals = |status: &str| {
        let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).unwrap();
        let blocked = u64::from_str_radix(blocked.trim(), 16).unwrap();
        [1, 2, 15].map(|signal| blocked & (1 << (signal - 1)) != 0)
    };
    let tasks = std::fs::read_dir(format!("/proc/{}/task", agent.pid())).unwrap();
    let (mut blocked, mut open) = (0, 0);
    for task in tasks.map(|task| task.unwrap().path()) {
        let read = |name| std::fs::read_to_string(task.join(name)).unwrap();
        let is_theirs = read("comm").trim() == "signals";
        assert_eq!(signals(&read("status")), [!is_theirs; 3], "{}", read("comm"));
        *if is_theirs { &mut open } else { &mut blocked } += 1;
    }
    assert!(blocked > 5 && open == 1, "{blocked} {open}");
}
