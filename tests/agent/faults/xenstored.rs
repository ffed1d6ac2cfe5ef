//! xenstored killed, down for long, back empty or back with old data; xenstored that accepts and
//! never answers.

use super::super::harness::{Agent, Daemon, FIRST_TREE, Guest, Layout};
use super::{assert_calm, earlier, usage};
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long the store is down. The longest wait between two tries, 10 s, is reached after 12.7 s.
const DOWN: Duration = Duration::from_secs(30);
/// The longest wait, and what the rest of the machine may add.
const UP_AGAIN: Duration = Duration::from_secs(20);

fn down() -> Duration {
    std::env::var("XGA_DOWN_SECONDS").map_or(DOWN, |s| Duration::from_secs(s.parse().unwrap()))
}

/// A guest whose agent has published, whose store is gone, and to which something happened since.
fn without_a_store() -> (Guest, Agent) {
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

// Back-off, never a busy loop: what it costs while there is nothing to connect to; then exactly right.
#[test]
fn xenstored_killed_and_down_for_long_and_back_empty() {
    let (guest, agent) = without_a_store();
    let before = usage(agent.pid());
    thread::sleep(down());
    let after = usage(agent.pid());
    let (ticks, sleeps) = (after.ticks - before.ticks, after.sleeps - before.sleeps);
    println!("down for {:?}: {ticks} ticks of 10 ms, {sleeps} sleeps", down());
    // A sample a second wakes two threads; three connections are tried now and then; and the machine's own
    // devices come and go, of which the kernel tells the drivers collector.
    assert!(sleeps < 20 * down().as_secs() + 100, "{sleeps} sleeps");
    assert!(ticks < 10 + down().as_secs(), "{ticks} ticks");
    guest.start_xenstored();
    guest.wait_tree_for(UP_AGAIN, &tree());
    let log = agent.stop("TERM").stderr;
    assert_calm(&log, 1);
    assert_eq!(log.matches("warn: ").count(), 3, "one for each connection: {log}");
}

// …and how often it tries: here somebody listens, and hangs up at once.
#[test]
fn xenstored_that_hangs_up_at_once_is_tried_with_back_off_and_told_of_once() {
    let (guest, agent) = without_a_store();
    let tries = Arc::new(AtomicUsize::new(0));
    let (count, listener) = (tries.clone(), UnixListener::bind(guest.socket()).unwrap());
    let start = Instant::now();
    let doorman = thread::spawn(move || {
        while listener.accept().is_ok() && start.elapsed() < down() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    doorman.join().unwrap();
    let tries = tries.load(Ordering::SeqCst);
    println!("{tries} tries by three connections in {:?}", start.elapsed());
    // 8 in the first 25 s and one in 10 s since, for each of three; the publisher tries twice each time.
    assert!(tries <= 4 * (8 + down().as_secs() as usize / 10), "{tries} tries");
    std::fs::remove_file(guest.socket()).unwrap();
    guest.start_xenstored();
    guest.wait_tree_for(UP_AGAIN, &tree());
    assert_calm(&agent.stop("TERM").stderr, 1);
}

// Adopts: a store that comes back with another life's data, stale keys and wrong ones among it.
#[test]
fn xenstored_back_with_old_data() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = Guest::on(Layout::Xapi, daemon);
        let agent = guest.published(&[]);
        let mut old = guest.keys();
        old.extend(earlier());
        guest.kill_xenstored();
        agent.wait_logged("warn: ");
        guest.start_xenstored_with(&old);
        guest.wait_tree_for(UP_AGAIN, FIRST_TREE);
        assert_calm(&agent.stop("TERM").stderr, 1);
    }
}

// …with exactly its own data: nothing is written but what is new.
#[test]
fn xenstored_back_with_the_agents_own_data_costs_no_write() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    let old = guest.keys();
    guest.kill_xenstored();
    guest.start_xenstored_with(&old);
    let mark = guest.mark();
    agent.wait_logged("connected to xenstore again");
    guest.assert_quiet_since(mark);
}

// The collectors go on: the socket on which the kernel tells of addresses is read all the time, however
// long nothing is published. So does SIGHUP; then everything is right at once.
#[test]
fn xenstored_that_never_answers_stops_no_collector_and_no_signal() {
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
    guest.wait_netlink_read(&agent);
    guest.resume_xenstored();
    let more = "attr/vif/0/ipv4/1 = 198.51.100.7\nattr/vif/0/ipv4/1/prefix = 25\nattr/vif/0/mac";
    guest.wait_tree(&FIRST_TREE.replace("attr/vif/0/mac", more));
    let end = agent.stop("TERM");
    assert_eq!(end.code, Some(0), "{end:?}");
    assert_calm(&end.stderr, 40);
}

// The same from the start: it has never had an answer.
#[test]
fn xenstored_that_never_answers_from_the_start_lets_it_end_within_a_second() {
    for signal in ["TERM", "INT"] {
        let guest = Guest::new();
        guest.stall_xenstored();
        let agent = guest.agent(&[]);
        agent.wait_logged("started");
        agent.signal("HUP");
        agent.wait_logged("reload");
        let end = agent.stop(signal);
        assert_eq!(end.code, Some(0), "{end:?}");
        assert!(end.took < Duration::from_secs(1), "{end:?}");
    }
}

// …and once it answers, all is there.
#[test]
fn xenstored_that_answers_late_gets_everything() {
    let guest = Guest::new();
    guest.stall_xenstored();
    let agent = guest.agent(&[]);
    agent.wait_logged("started");
    guest.resume_xenstored();
    guest.wait_tree(FIRST_TREE);
}
