//! Timers that may be late: prctl(2), `PR_SET_TIMERSLACK`.

use super::harness::{Agent, Guest, PATIENCE, wait_for};
use std::fs;

/// The timer slack of a thread, in nanoseconds; 0 if there is no such thread.
fn slack(agent: &Agent, name: &str) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{}/task", agent.pid())).unwrap().flatten();
    let is_named = |path: &std::path::Path| {
        fs::read_to_string(path.join("comm")).is_ok_and(|comm| comm.trim() == name)
    };
    let Some(task) = tasks.map(|task| task.path()).find(|path| is_named(path)) else { return 0 };
    let id = task.file_name().unwrap().to_str().unwrap();
    fs::read_to_string(format!("/proc/{id}/timerslack_ns")).unwrap().trim().parse().unwrap()
}

// The agent is confined: the filter must allow the call.
#[test]
fn samples_of_memory_may_be_a_second_late_and_other_timers_may_not() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    assert!(wait_for(PATIENCE, || slack(&agent, "memory") == 1_000_000_000));
    assert_eq!(slack(&agent, "os"), 50_000);
    assert_eq!(slack(&agent, "xen-guest-agent"), 50_000);
}

#[test]
fn samples_each_second_are_not_late() {
    let guest = Guest::new();
    let agent = guest.published(&["--memory-interval", "1"]);
    guest.memory(207_744, 1000);
    guest.wait_value("data/meminfo_free", "1000");
    assert_eq!(slack(&agent, "memory"), 50_000);
}
