//! Clock jumps, suspend for a week, SIGSTOP and SIGCONT: they cause no burst and no wrong interval.

use super::super::harness::{Clock, FIRST_TREE, Guest, Jump};
use super::assert_log_is_short;
use std::time::{Duration, Instant};

/// Checks that the agent takes so many samples, not more than one a second, and writes nothing but them.
fn check_sample_interval(guest: &Guest, samples: u32) {
    let (start, mark) = (Instant::now(), guest.mark());
    // Each sample differs enough to be written.
    for free in (1..=samples).map(|n| n * 2_000) {
        guest.memory(207_744, free);
        guest.wait_value("data/meminfo_free", &free.to_string());
    }
    let took = start.elapsed();
    // The first may be due already.
    assert!(took > Duration::from_millis(950) * (samples - 1), "{samples} samples in {took:?}");
    let mut changes = guest.changes_since(mark);
    changes.retain(|change| {
        // `started` follows a date that was stepped by more than a day.
        change != "write data/updated"
            && !change.starts_with("write data/meminfo_free = ")
            && !change.starts_with(&format!("write {STARTED} = "))
    });
    assert_eq!(changes, [""; 0]);
    println!("{samples} samples, one a second, in {took:?}");
}

const STARTED: &str = "data/service/xen-guest-agent/started";

const JUNE_2040: i64 = 2_224_540_800;

// A board without a battery for its clock starts in 1970 and is set later; 2038 is beyond 32 bits.
#[test]
fn started_and_updated_follow_a_clock_that_is_set_from_1970_to_2040_and_back_preloaded() {
    let guest = Guest::new();
    let (agent, clock) = guest.agent_with_a_clock(&EVERY_SECOND);
    guest.wait_tree(FIRST_TREE);
    for (free, unix, year) in
        [(50_000, 0, "1970-"), (100_000, JUNE_2040, "2040-"), (150_000, 0, "1970-")]
    {
        clock.set_date(unix);
        guest.memory(207_744, free);
        guest.wait(|_| {
            let keys = guest.keys();
            [STARTED, "data/updated"].iter().all(|key| keys[*key].starts_with(year))
        });
    }
    let end = agent.stop("TERM");
    assert_eq!(end.code, Some(0), "{end:?}");
    assert_log_is_short(&end.stderr, 1);
}

const EVERY_SECOND: [&str; 4] = ["--memory-interval", "1", "--disk-interval", "1"];

fn through(what: impl Fn(&Clock, Jump)) {
    let guest = Guest::new();
    let (agent, clock) = guest.agent_with_a_clock(&EVERY_SECOND);
    guest.wait_tree(FIRST_TREE);
    for jump in [Jump::WeekAhead, Jump::WeekBack, Jump::Restored] {
        what(&clock, jump);
        check_sample_interval(&guest, 4);
    }
    assert_log_is_short(&agent.stop("TERM").stderr, 1);
}

#[test]
fn date_jump_of_a_week_keeps_the_sample_interval_preloaded() {
    through(Clock::date);
}

#[test]
fn monotonic_jump_of_a_week_keeps_the_sample_interval_preloaded() {
    through(Clock::monotonic);
}

#[test]
fn updated_follows_a_date_set_back_preloaded() {
    let guest = Guest::new();
    let (_agent, clock) = guest.agent_with_a_clock(&EVERY_SECOND);
    guest.wait_tree(FIRST_TREE);
    let before = guest.keys()["data/updated"].clone();
    clock.date(Jump::WeekBack);
    guest.memory(207_744, 1);
    guest.wait_value("data/meminfo_free", "1");
    guest.wait(|_| guest.keys()["data/updated"] < before);
}

#[test]
fn sigcont_after_5_s_causes_no_burst_of_samples() {
    let guest = Guest::new();
    let agent = guest.published(&EVERY_SECOND);
    check_sample_interval(&guest, 2);
    agent.signal("STOP");
    std::thread::sleep(Duration::from_secs(5));
    agent.signal("CONT");
    check_sample_interval(&guest, 4);
}

#[test]
fn changes_during_sigstop_are_one_batch() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    agent.signal("STOP");
    let lines = (1..=100).map(|n| format!("addr add 10.0.0.{n}/32 dev eth0\n"));
    guest.ip(lines.collect::<String>());
    let mark = guest.mark();
    agent.signal("CONT");
    let stamped = |guest: &Guest| {
        let changes = guest.changes_since(mark);
        changes.iter().filter(|change| *change == "write data/updated").count()
    };
    guest.wait(|tree| tree.values().filter(|value| value.starts_with("10.0.0.")).count() == 100);
    guest.sync_with_agent();
    // Two if the first datagrams are read before the last have come, and one of `sync_with_agent`.
    assert!((2..=3).contains(&stamped(&guest)), "{:#?}", guest.changes_since(mark));
}

// While a guest is suspended it does not run. On resume its tree is made again and the date has changed.
#[test]
fn suspend_for_a_week_causes_one_batch_preloaded() {
    let guest = Guest::new();
    let (agent, clock) = guest.agent_with_a_clock(&EVERY_SECOND);
    guest.wait_tree(FIRST_TREE);
    for monotonic in [false, true] {
        agent.suspend();
        clock.date(Jump::WeekAhead);
        if monotonic {
            clock.monotonic(Jump::WeekAhead);
        }
        guest.recreate_tree();
        let mark = guest.mark();
        guest.memory(207_744, 150_400);
        agent.signal("CONT");
        guest.wait_tree(FIRST_TREE);
        let batch = guest.changes_since(mark);
        let writes = FIRST_TREE.trim().lines().count();
        assert!((writes..=writes + 2).contains(&batch.len()), "{batch:#?}");
        check_sample_interval(&guest, 4);
        clock.date(Jump::Restored);
    }
}
