//! xenstored that is killed and started again, empty or with old data; xenstored that accepts connections
//! and never answers.

use super::super::harness::{Agent, Daemon, FIRST_TREE, Guest, Layout, SHUTDOWN};
use super::{assert_log_is_short, earlier, usage};
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The time for which xenstored is down. The longest back-off, 10 s, is reached after 12.7 s.
const DOWN: Duration = Duration::from_secs(30);
/// The longest back-off, and 10 s for a slow machine.
const MAX_RECOVERY: Duration = Duration::from_secs(20);

fn down() -> Duration {
    std::env::var("XGA_DOWN_SECONDS").map_or(DOWN, |s| Duration::from_secs(s.parse().unwrap()))
}

/// A guest whose agent has published. xenstored has been killed since, and the free memory has changed.
fn xenstored_killed() -> (Guest, Agent) {
    let guest = Guest::new();
    let agent = guest.published(&["--memory-interval", "1"]);
    guest.kill_xenstored();
    guest.memory(207_744, 100_000);
    agent.wait_logged("xenstore connection lost");
    (guest, agent)
}

fn tree() -> String {
    FIRST_TREE.replace("meminfo_free = 150400", "meminfo_free = 100000")
}

#[test]
fn xenstored_down_for_30_s_causes_few_wakeups_and_then_gets_all_keys() {
    let (guest, agent) = xenstored_killed();
    let before = usage(agent.pid());
    thread::sleep(down());
    let after = usage(agent.pid());
    let (ticks, sleeps) = (after.ticks - before.ticks, after.sleeps - before.sleeps);
    println!("down for {:?}: {ticks} ticks of 10 ms, {sleeps} sleeps", down());
    // One sample a second wakes two threads. Two threads try to reconnect.
    assert!(sleeps < 20 * down().as_secs() + 100, "{sleeps} sleeps");
    assert!(ticks < 10 + down().as_secs(), "{ticks} ticks");
    guest.start_xenstored();
    guest.wait_tree_for(MAX_RECOVERY, &tree());
    let log = agent.stop("TERM").stderr;
    assert_log_is_short(&log, 1);
    assert_eq!(log.matches("warn: ").count(), 2, "one for each connection: {log}");
}

// A listener that closes each connection at once counts the tries.
#[test]
fn xenstored_that_closes_connections_is_tried_with_back_off_and_logged_once() {
    let (guest, agent) = xenstored_killed();
    let tries = Arc::new(AtomicUsize::new(0));
    let (count, listener) = (tries.clone(), UnixListener::bind(guest.socket()).unwrap());
    let start = Instant::now();
    let server = thread::spawn(move || {
        while listener.accept().is_ok() && start.elapsed() < down() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    server.join().unwrap();
    let tries = tries.load(Ordering::SeqCst);
    println!("{tries} tries by two connections in {:?}", start.elapsed());
    // Each of two threads tries 8 times in the first 25 s, then every 10 s. The publisher tries twice.
    assert!(tries <= 3 * (8 + down().as_secs() as usize / 10), "{tries} tries");
    std::fs::remove_file(guest.socket()).unwrap();
    guest.start_xenstored();
    guest.wait_tree_for(MAX_RECOVERY, &tree());
    assert_log_is_short(&agent.stop("TERM").stderr, 1);
}

#[test]
fn xenstored_restarted_with_wrong_keys_gets_them_corrected() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = Guest::on(Layout::Xapi, daemon);
        let agent = guest.published(&[]);
        let mut old = guest.keys();
        old.extend(earlier());
        guest.kill_xenstored();
        agent.wait_logged("warn: ");
        guest.start_xenstored_with(&old);
        guest.wait_tree_for(MAX_RECOVERY, FIRST_TREE);
        assert_log_is_short(&agent.stop("TERM").stderr, 1);
    }
}

#[test]
fn xenstored_restarted_with_the_same_keys_causes_the_doorbell_only() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    let old = guest.keys();
    guest.kill_xenstored();
    guest.start_xenstored_with(&old);
    let mark = guest.mark();
    agent.wait_logged("connected to xenstore again");
    guest.assert_only_doorbell_since(mark);
}

// A collector may wait until xenstored answers; what it sends then is right.
#[test]
fn xenstored_that_does_not_answer_blocks_no_signal_and_gets_all_keys_later() {
    let guest = Guest::new();
    let agent = guest.published(&["--memory-interval", "1"]);
    guest.stall_xenstored();
    let start = Instant::now();
    for round in 0..40 {
        let lines = (0..100).map(|n| format!("addr add 10.{round}.0.{n}/32 dev eth0\n"));
        guest.ip(lines.collect::<String>());
        guest.ip("addr flush to 10.0.0.0/8 dev eth0");
        agent.signal("HUP");
        agent.wait_logged_times("reload: reading xenstore back", round + 1);
    }
    guest.ip("addr add 198.51.100.7/25 dev eth0");
    println!("40 floods and reloads in {:?}", start.elapsed());
    guest.resume_xenstored();
    let more = "attr/vif/0/ipv4/1 = 198.51.100.7\nattr/vif/0/ipv4/1/prefix = 25\nattr/vif/0/mac";
    guest.wait_tree(&FIRST_TREE.replace("attr/vif/0/mac", more));
    let end = agent.stop("TERM");
    assert_eq!(end.code, Some(0), "{end:?}");
    assert_log_is_short(&end.stderr, 40);
}

#[test]
fn xenstored_that_does_not_answer_at_start_does_not_delay_the_exit() {
    for signal in ["TERM", "INT"] {
        let guest = Guest::new();
        guest.stall_xenstored();
        let agent = guest.agent(&[]);
        agent.wait_logged("started");
        agent.signal("HUP");
        agent.wait_logged("reload");
        let end = agent.stop(signal);
        assert_eq!(end.code, Some(0), "{end:?}");
        assert!(end.took < SHUTDOWN, "{end:?}");
    }
}

#[test]
fn xenstored_that_answers_late_gets_all_keys() {
    let guest = Guest::new();
    guest.stall_xenstored();
    let agent = guest.agent(&[]);
    agent.wait_logged("started");
    guest.resume_xenstored();
    guest.wait_tree(FIRST_TREE);
}
