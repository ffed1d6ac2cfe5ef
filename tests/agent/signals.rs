//! SIGTERM and SIGINT end the agent; SIGHUP makes it read everything again.

use super::harness::{DOORBELL, FIRST_TREE, Guest, OS_RELEASE, SHUTDOWN};
use std::time::Duration;

// The published keys stay.
#[test]
fn sigterm_and_sigint_exit_0_within_a_second() {
    for signal in ["TERM", "INT"] {
        let guest = Guest::new();
        let end = guest.published(&[]).stop(signal);
        assert_eq!(end.code, Some(0), "{end:?}");
        assert!(end.took < Duration::from_secs(1), "{end:?}");
        assert!(end.stderr.ends_with("info: ended\n"), "{end:?}");
        guest.wait_tree(FIRST_TREE);
    }
}

#[test]
fn sigterm_during_a_flood_completes_the_batch() {
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

#[test]
fn sigterm_exits_0_within_a_second_while_xenstored_is_down() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    guest.kill_xenstored();
    guest.ip("addr add 198.51.100.7/25 dev eth0");
    let end = agent.stop("TERM");
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(end.took < Duration::from_secs(1), "{end:?}");
}

#[test]
fn sigterm_ends_the_agent_in_time_while_xenstored_does_not_answer() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    guest.stall_xenstored();
    guest.ip("addr add 198.51.100.7/25 dev eth0");
    let end = agent.stop("TERM");
    assert!(end.took < SHUTDOWN, "{end:?}");
}

// The reloads fill the channel to the publisher. SIGTERM must end the agent all the same.
#[test]
fn sigterm_ends_the_agent_in_time_after_reloads_without_an_answer() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    guest.stall_xenstored();
    for times in 1..=12 {
        agent.signal("HUP");
        agent.wait_logged_times("reload: reading xenstore back", times);
    }
    let end = agent.stop("TERM");
    assert!(end.took < SHUTDOWN, "{end:?}");
}

// xenopsd does not watch data/os_*, so a PVAddons key is rewritten as the doorbell.
#[test]
fn sighup_after_an_upgrade_writes_the_os_name_and_the_doorbell() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    let mark = guest.mark();
    guest.file("/etc/os-release", &OS_RELEASE.replace("12 (bookworm)", "12 (bookworm) LTS"));
    agent.signal("HUP");
    guest.batch_since(mark);
    assert_eq!(
        guest.changes_after_doorbell(mark),
        ["write data/os_name = Debian GNU/Linux 12 (bookworm) LTS", DOORBELL, "write data/updated"]
    );
}

#[test]
fn sighup_after_a_rename_writes_the_host_name_and_the_doorbell() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    let mark = guest.mark();
    guest.host_name("other.example.org");
    agent.signal("HUP");
    guest.batch_since(mark);
    assert_eq!(
        guest.changes_after_doorbell(mark),
        ["write data/host_name_dns = other", DOORBELL, "write data/updated"]
    );
}

#[test]
fn sighup_without_changes_writes_the_doorbell_and_nothing_else() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    let mark = guest.mark();
    agent.signal("HUP");
    guest.assert_only_doorbell_since(mark);
    let mark = guest.mark();
    assert_eq!(agent.stop("TERM").code, Some(0));
    assert_eq!(guest.changes_since(mark), [""; 0]);
}

#[test]
fn sighup_corrects_keys_that_another_program_changed() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    guest.as_guest(|store| store.rm("attr/vif/0")).unwrap();
    guest.write_as_guest("attr/vif/7/name", "eth7");
    guest.write_as_guest("data/os_name", "Windows");
    agent.signal("HUP");
    guest.wait_tree(FIRST_TREE);
}

#[test]
fn fifty_sighups_then_sigterm_exit_0() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    (0..50).for_each(|_| agent.signal("HUP"));
    assert_eq!(agent.stop("TERM").code, Some(0));
    guest.wait_tree(FIRST_TREE);
}

// If a signal interrupts a request to the device, the replies of older FreeBSD kernels belong to the wrong
// requests from then on. So one thread, which makes no requests, takes all signals.
#[test]
fn all_threads_but_one_block_sighup_sigint_sigterm() {
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
        let is_signal_thread = read("comm").trim() == "signals";
        assert_eq!(signals(&read("status")), [!is_signal_thread; 3], "{}", read("comm"));
        *if is_signal_thread { &mut open } else { &mut blocked } += 1;
    }
    assert!(blocked > 5 && open == 1, "{blocked} {open}");
}
