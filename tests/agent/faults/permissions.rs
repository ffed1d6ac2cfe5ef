//! EACCES on any subset of keys: all others are right, one line each; right again when it is allowed.

use super::super::harness::{FIRST_TREE, Guest};
use super::{Random, assert_calm, without};
use std::time::Duration;

/// A random subset of the keys that an agent writes, `data/updated` among them, of no key and of all.
fn subset(random: &mut Random) -> Vec<&'static str> {
    let share = random.below(4);
    let keys = FIRST_TREE.trim().lines().map(|line| line.split(" = ").next().unwrap());
    // What is above another key would take that with it; below drivers the host's has an index of its own.
    let alone = |key: &&str| *key != "attr/vif/0/ipv4/0" && !key.starts_with("drivers/");
    keys.filter(alone).filter(|_| random.below(4) <= share).collect()
}

/// Has dom0 refuse these keys, by a node of its own that the guest may read or may not.
fn refuse(guest: &Guest, keys: &[&str], random: &mut Random) {
    for key in keys {
        guest.dom0_writes(key, "the host's");
        guest.allow(key, if random.below(2) == 0 { &["n0"] } else { &["r0", "r1"] });
    }
}

fn allow(guest: &Guest, keys: &[&str]) {
    keys.iter().for_each(|key| guest.allow(key, &["n1"]));
}

/// The guest's keys but for those refused.
fn is_right_without(guest: &Guest, keys: &[&str]) {
    let others = super::super::harness::of_this_machine(&without(keys));
    guest.wait(|tree| {
        let mut tree = tree.clone();
        tree.retain(|_, value| value != "the host's");
        let text = tree.iter().map(|(key, value)| format!("{key} = {value}"));
        text.collect::<Vec<_>>().join("\n") == others.trim_matches('\n')
    });
}

// Ten subsets, from almost none to all; a reload asks for all of them again.
#[test]
fn keys_that_are_refused_cost_one_line_each_and_are_right_after_a_reload() {
    for seed in 0..10 {
        let (guest, mut random) = (Guest::new(), Random(seed));
        let keys = subset(&mut random);
        refuse(&guest, &keys, &mut random);
        let agent = guest.agent(&["--memory-interval", "1"]);
        is_right_without(&guest, &keys);
        agent.wait_logged_times("denied by xenstored", keys.len());
        println!("seed {seed}: {} keys refused", keys.len());
        allow(&guest, &keys);
        agent.signal("HUP");
        guest.wait_tree(FIRST_TREE);
        agent.wait_logged_times("no longer denied by xenstored", keys.len());
        let log = agent.stop("TERM").stderr;
        assert_calm(&log, 1);
        assert_eq!(log.matches("warn: ").count(), keys.len(), "{log}");
    }
}

// Nobody needs to reload: after ten minutes, with the next sample, what was refused is asked for again.
// A clock that is moved stands for the minutes.
#[test]
fn keys_that_are_refused_are_right_ten_minutes_after_they_are_allowed() {
    for perms in [&["n0"][..], &["r0", "r1"]] {
        let guest = Guest::new();
        let keys = ["data/os_name", "attr/vif/0/name", "control/feature-balloon"];
        keys.iter().for_each(|key| guest.dom0_writes(key, "the host's"));
        keys.iter().for_each(|key| guest.allow(key, perms));
        let (agent, clock) = guest.agent_with_a_clock(&["--memory-interval", "1"]);
        is_right_without(&guest, &keys);
        agent.wait_logged_times("denied by xenstored", keys.len());
        allow(&guest, &keys);
        clock.jump(Duration::from_secs(601));
        guest.wait_tree(FIRST_TREE);
    }
}

// …and one that never is costs a request each ten minutes, no line.
#[test]
fn a_key_that_is_refused_for_ever_is_asked_for_every_ten_minutes_and_told_of_once() {
    let guest = Guest::new();
    guest.dom0_writes("data/os_name", "the host's");
    guest.allow("data/os_name", &["r0", "r1"]);
    let mark = guest.mark();
    let (agent, clock) = guest.agent_with_a_clock(&["--memory-interval", "1"]);
    agent.wait_logged("denied by xenstored");
    for free in (1..=5).map(|n| n * 2_000) {
        clock.jump(Duration::from_secs(601));
        guest.memory(207_744, free);
        guest.wait_value("data/meminfo_free", &free.to_string());
    }
    let asked = |change: &&String| change.contains("data/os_name");
    let times = guest.changes_since(mark).iter().filter(asked).count();
    assert!((5..=6).contains(&times), "{times} times");
    assert_calm(&agent.stop("TERM").stderr, 1);
}
