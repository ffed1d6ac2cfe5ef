//! EACCES on subsets of the keys: all other keys are right, each denied key is logged once, and it is
//! written after the host allows it. And a quota of watches that is used up.

use super::super::harness::preload;
use super::super::harness::{
    Agent, Daemon, FIRST_TREE, Guest, Layout, PATIENCE, Proxy, ProxyAction, wait_for,
};
use super::{Random, assert_log_is_short, without};
use std::collections::BTreeSet;
use std::time::Duration;

/// A random subset of the keys that an agent writes, between none and all.
fn subset(random: &mut Random) -> Vec<&'static str> {
    let share = random.below(4);
    let keys = FIRST_TREE.trim().lines().map(|line| line.split(" = ").next().unwrap());
    // A denied parent denies its children too, and a key of dom0 in `drivers` keeps its index.
    let alone = |key: &&str| *key != "attr/vif/0/ipv4/0" && !key.starts_with("drivers/");
    keys.filter(alone).filter(|_| random.below(4) <= share).collect()
}

/// Makes these keys dom0's own, readable for the guest or not.
fn deny(guest: &Guest, keys: &[&str], random: &mut Random) {
    for key in keys {
        guest.dom0_writes(key, "dom0's");
        guest.allow(key, if random.below(2) == 0 { &["n0"] } else { &["r0", "r1"] });
    }
}

/// One line is logged for all keys of a VIF, and so on.
fn roots(keys: &[&str]) -> usize {
    let is_root = |node: &str| {
        ["attr/", "data/service/", "drivers/", "feature/"].iter().any(|top| node.starts_with(top))
    };
    let root = |key: &&str| match is_root(key) {
        true => key.split('/').take(2).collect::<Vec<_>>().join("/"),
        false => (*key).to_owned(),
    };
    keys.iter().map(root).collect::<BTreeSet<_>>().len()
}

fn allow(guest: &Guest, keys: &[&str]) {
    keys.iter().for_each(|key| guest.allow(key, &["n1"]));
}

/// Waits until all keys but these are right.
fn wait_right_without(guest: &Guest, keys: &[&str]) {
    let others = super::super::harness::of_this_machine(&without(keys));
    guest.wait(|tree| {
        let mut tree = tree.clone();
        tree.retain(|_, value| value != "dom0's");
        let text = tree.iter().map(|(key, value)| format!("{key} = {value}"));
        text.collect::<Vec<_>>().join("\n") == others.trim_matches('\n')
    });
}

#[test]
fn denied_keys_are_logged_once_and_written_after_a_reload() {
    for seed in 0..10 {
        let (guest, mut random) = (Guest::new(), Random(seed));
        let keys = subset(&mut random);
        deny(&guest, &keys, &mut random);
        let agent = guest.agent(&["--memory-interval", "1"]);
        wait_right_without(&guest, &keys);
        agent.wait_logged_times("denied by xenstored", roots(&keys));
        println!("seed {seed}: {} keys denied", keys.len());
        allow(&guest, &keys);
        agent.signal("HUP");
        guest.wait_tree(FIRST_TREE);
        agent.wait_logged_times("no longer denied by xenstored", roots(&keys));
        let log = agent.stop("TERM").stderr;
        assert_log_is_short(&log, 1);
        assert_eq!(log.matches("warn: ").count(), roots(&keys), "{log}");
    }
}

// Without a reload, a denied key is tried again with the first sample after ten minutes. The test moves the
// clock.
#[test]
fn denied_keys_are_written_ten_minutes_after_the_host_allows_them_preloaded() {
    for perms in [&["n0"][..], &["r0", "r1"]] {
        let guest = Guest::new();
        let keys = ["data/os_name", "attr/vif/0/name", "control/feature-balloon"];
        keys.iter().for_each(|key| guest.dom0_writes(key, "dom0's"));
        keys.iter().for_each(|key| guest.allow(key, perms));
        let (agent, clock) = guest.agent_with_a_clock(&["--memory-interval", "1"]);
        wait_right_without(&guest, &keys);
        agent.wait_logged_times("denied by xenstored", keys.len());
        allow(&guest, &keys);
        clock.jump(Duration::from_secs(601));
        guest.wait_tree(FIRST_TREE);
    }
}

#[test]
fn denied_key_is_tried_every_ten_minutes_and_logged_once_preloaded() {
    let guest = Guest::new();
    guest.dom0_writes("data/os_name", "dom0's");
    guest.allow("data/os_name", &["r0", "r1"]);
    let mark = guest.mark();
    let (agent, clock) = guest.agent_with_a_clock(&["--memory-interval", "1"]);
    agent.wait_logged("denied by xenstored");
    let asked = |change: &&String| change.contains("data/os_name");
    let times = || guest.changes_since(mark).iter().filter(asked).count();
    for jumps in 1..=5 {
        clock.jump(Duration::from_secs(601));
        guest.memory(207_744, 2_000 * jumps as u32);
        assert!(wait_for(PATIENCE, || times() > jumps), "{} times", times());
    }
    assert_eq!(times(), 6);
    assert_log_is_short(&agent.stop("TERM").stderr, 1);
}

// Linux's device makes the request itself: its write(2) fails. Here that of the C library does.
#[test]
fn device_that_refuses_watches_has_all_keys_published_preloaded() {
    let guest = Guest::on(Layout::Xapi, Daemon::C);
    guest.link("vf0", 7);
    guest.ip("addr add 198.51.100.7/24 dev vf0");
    guest.plug_vf(0, "00:16:3e:00:00:07");
    let mut command = guest.command(&["-s"]);
    preload::preload(&mut command, "nowatch", &["nowatch.c"]);
    let agent = Agent::spawn(command);
    guest.wait_value("xenserver/attr/net-sriov-vf/0/ipv4/0", "198.51.100.7");
    let log = agent.stop("TERM").stderr;
    assert_eq!(log.matches("warn: xenstore watch: E2BIG").count(), 1, "{log}");
    assert_eq!(log.matches("warn: ").count(), 1, "{log}");
}

// A failing list must not make the agent read everything back, nor ring the doorbell, again and again.
#[test]
fn refused_list_of_sriov_functions_causes_one_line_and_no_write() {
    let guest = Guest::on(Layout::Xapi, Daemon::C);
    guest.plug_vf(0, "00:16:3e:00:00:07");
    let proxy = Proxy::new(guest.run.path().join("proxy"), &guest.socket(), |message| {
        // The answer to the directory, on the connection of the watches.
        if message.connection == 0 || message.bytes[0] != 1 {
            return ProxyAction::Passed;
        }
        let error = [&[16, 0, 0, 0], &message.bytes[4..12], &4_u32.to_ne_bytes(), b"EIO\0"];
        ProxyAction::Replaced(error.concat())
    });
    let mut command = guest.command(&["-s"]);
    command.env("XENSTORED_PATH", proxy.socket());
    let agent = Agent::spawn(command);
    agent.wait_logged("warn: sriov: EIO");
    guest.wait(|tree| tree.contains_key("data/updated"));
    // A new connection would follow after 100 ms.
    guest.host_name("other.example.org");
    guest.wait_value("data/host_name_dns", "other");
    assert_eq!(proxy.connections(), 2);
    let log = agent.stop("TERM").stderr;
    assert_eq!(log.matches("warn: ").count(), 1, "{log}");
}

// Another program of the guest has used up the quota of watches, which the agent needs for a resume only.
#[test]
fn all_keys_are_published_without_a_watch_and_it_is_logged_once() {
    let guest = Guest::new();
    let all = guest.all_watches();
    let agent = guest.agent(&[]);
    guest.wait_tree(FIRST_TREE);
    agent.wait_logged("warn: xenstore watch: E2BIG");
    drop(all);
    agent.signal("HUP");
    agent.wait_logged("info: xenstore watch: recovered");
    guest.recreate_tree();
    guest.wait_tree(FIRST_TREE);
    assert_log_is_short(&agent.stop("TERM").stderr, 1);
}
