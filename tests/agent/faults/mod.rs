//! Faults around the agent, injected into the real components. `docs/FAULTS.md` lists each fault, its
//! effect and the test.

use super::harness::{FIRST_TREE, Nodes};
use super::random::Random;
use std::fs;

mod clock;
mod full_directory;
mod kill;
mod lost_messages;
mod netlink;
mod permissions;
mod places;
mod quota;
mod replies;
mod sources;
mod xenstored;

/// Keys that an earlier agent may have left: stale ones and ones with wrong values.
const EARLIER: [(&str, &str); 8] = [
    ("attr/PVAddonsUninstalled", "1"),
    ("attr/vif/0/ipv4/0", "10.9.9.9"),
    ("attr/vif/0/ipv4/5", "10.9.9.8"),
    ("attr/vif/0/ipv4/5/prefix", "8"),
    ("attr/vif/7/ipv4/0", "10.9.9.7"),
    ("attr/vif/7/name", "eth7"),
    ("data/os_name", "Plan 9"),
    ("data/volumes/0/name", "/dev/gone"),
];

fn earlier() -> Nodes {
    EARLIER.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

/// Resources of a process.
#[derive(Clone, Copy, Debug)]
struct Usage {
    /// Processor time of all its threads, in ticks of 10 ms.
    ticks: u64,
    /// Voluntary context switches of all its threads.
    sleeps: u64,
    /// Resident anonymous memory, in KiB.
    rss: u64,
    descriptors: usize,
}

fn usage(pid: u32) -> Usage {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let field = |text: &str, name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    };
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    let statuses = tasks.filter_map(|task| fs::read_to_string(task.path().join("status")).ok());
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    Usage {
        ticks: fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap(),
        sleeps: statuses.map(|text| field(&text, "voluntary_ctxt_switches:")).sum(),
        rss: field(&status, "RssAnon:"),
        descriptors: fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count(),
    }
}

/// Checks that no key was wrong at any time: each write is in the tree of a new guest, and each removed
/// key is one of `EARLIER`.
fn assert_never_wrong(changes: &[String]) {
    let right = super::harness::of_this_machine(FIRST_TREE);
    for change in changes.iter().filter(|change| *change != "write data/updated") {
        let is_right = match (change.strip_prefix("write "), change.strip_prefix("rm ")) {
            (Some(write), _) => {
                write.starts_with("data/service/xen-guest-agent/started = ")
                    || right.lines().any(|line| line == write)
            }
            (_, Some(path)) => EARLIER.iter().any(|(key, _)| key.starts_with(path)),
            _ => false,
        };
        assert!(is_right, "{change}");
    }
}

/// Checks that a log has no line more than `most` times, and no panic.
fn assert_log_is_short(log: &str, most: usize) {
    assert!(!log.contains("panicked"), "{log}");
    for line in log.lines() {
        assert!(log.lines().filter(|other| *other == line).count() <= most, "{line}\nin\n{log}");
    }
}

/// The tree of a new guest without some of its keys.
fn without(keys: &[&str]) -> String {
    let stays = |line: &&str| !keys.iter().any(|key| line.starts_with(&format!("{key} = ")));
    FIRST_TREE.lines().filter(stays).collect::<Vec<_>>().join("\n")
}
