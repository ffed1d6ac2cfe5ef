//! data/meminfo_*: decimal KiB, written when they moved by 1/512 of the total or 1 MiB, whichever is more.
//! squeezed raises an exception on anything but an integer.

use super::harness::{Agent, Clock, DOORBELL, Guest, PATIENCE, Scratch, TracePosition, wait_for};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// A sample each second.
const EVERY_SECOND: [&str; 2] = ["--memory-interval", "1"];

/// Sets the free memory in KiB, and waits until it is published.
fn publish_free(guest: &Guest, free: u32) {
    guest.memory(207_744, free);
    guest.wait_value("data/meminfo_free", &free.to_string());
}

fn written(guest: &Guest, mark: TracePosition) -> Vec<String> {
    guest.changes_since(mark)
}

/// The directory of the collector's thread in /proc.
fn thread(agent: &Agent) -> PathBuf {
    let tasks = fs::read_dir(format!("/proc/{}/task", agent.pid())).unwrap().flatten();
    let mut tasks = tasks.map(|task| task.path());
    tasks.find(|task| fs::read_to_string(task.join("comm")).unwrap() == "memory\n").unwrap()
}

/// Waits until the collector has taken so many samples: it sleeps after each.
pub fn wait_samples(agent: &Agent, samples: u64) {
    let status = thread(agent).join("status");
    let sleeps = || {
        let text = fs::read_to_string(&status).unwrap();
        let mut lines = text.lines();
        let count = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
        count.trim().parse::<u64>().unwrap()
    };
    let before = sleeps();
    assert!(wait_for(PATIENCE, || sleeps() >= before + samples), "no sample was taken");
}

// The total follows ballooning; free is the available memory. data/updated is not written with a sample.
#[test]
fn sample_that_moved_writes_its_figures_and_nothing_else() {
    let guest = Guest::new();
    let _agent = guest.published(&EVERY_SECOND);
    let mark = guest.mark();
    guest.memory(150_400, 99_999);
    guest.wait_value("data/meminfo_total", "150400");
    guest.wait_value("data/meminfo_free", "99999");
    let mut changes = written(&guest, mark);
    changes.sort();
    assert_eq!(changes, ["write data/meminfo_free = 99999", "write data/meminfo_total = 150400"]);
}

// 1/512 of 207,744 KiB is less than 1 MiB: the step is 1,024 KiB.
#[test]
fn sample_that_moved_by_less_than_a_step_is_not_written() {
    let guest = Guest::new();
    let agent = guest.published(&EVERY_SECOND);
    let mark = guest.mark();
    for free in [150_401, 151_423, 149_377] {
        guest.memory(207_744, free);
        wait_samples(&agent, 2);
    }
    publish_free(&guest, 151_424);
    assert_eq!(written(&guest, mark), ["write data/meminfo_free = 151424"]);
}

// Each of two agents sees half a step. The second compares with the published value.
#[test]
fn step_is_counted_from_the_published_value_after_a_restart() {
    let guest = Guest::new();
    guest.published(&EVERY_SECOND).stop("TERM");
    let mark = guest.mark();
    guest.memory(207_744, 150_912);
    let agent = guest.agent(&EVERY_SECOND);
    guest.wait(|_| written(&guest, mark) == [DOORBELL]);
    let mark = guest.mark();
    wait_samples(&agent, 5);
    assert_eq!(written(&guest, mark), [""; 0]);
    publish_free(&guest, 151_424);
    assert_eq!(written(&guest, mark), ["write data/meminfo_free = 151424"]);
}

// data/updated is written as a sign of life with the first sample after ten minutes.
#[test]
fn idle_hour_writes_updated_six_times_and_nothing_else_preloaded() {
    let guest = Guest::new();
    let (agent, clock) = guest.agent_with_a_clock(&EVERY_SECOND);
    guest.wait_published(&agent);
    let mark = guest.mark();
    for refresh in 1..=6 {
        pass(&agent, &clock, Duration::from_secs(590));
        assert_eq!(written(&guest, mark).len(), refresh - 1);
        clock.jump(Duration::from_secs(11));
        let is_written = wait_for(PATIENCE, || written(&guest, mark).len() == refresh);
        assert!(is_written, "{refresh}: {:?}", written(&guest, mark));
    }
    assert_eq!(written(&guest, mark), ["write data/updated"; 6]);
}

/// Moves the clock and waits until the agent has taken samples at the new time.
fn pass(agent: &Agent, clock: &Clock, time: Duration) {
    clock.jump(time);
    wait_samples(agent, 2);
}

// The collector waits and reads, and wakes the publisher, which yields the processor a few times before it sleeps.
// Kernels before 3.14 do not say what is available.
#[test]
fn memory_without_mem_available_counts_free_memory_and_caches() {
    let guest = Guest::new();
    let text = "MemTotal: 200000 kB\nMemFree: 10000 kB\nBuffers: 2000 kB\nCached: 3000 kB\n\
                SwapCached: 99999 kB\nShmem: 1000 kB\nSReclaimable: 500 kB\n";
    fs::write(guest.path("/proc/meminfo"), text).unwrap();
    guest.run(&["-s", "--once"]);
    assert_eq!(guest.tree()["data/meminfo_free"], "14500");
}

#[test]
fn more_available_memory_than_there_is_is_the_total() {
    let guest = Guest::new();
    guest.memory(1_000, 2_000);
    guest.run(&["-s", "--once"]);
    assert_eq!(guest.tree()["data/meminfo_free"], "1000");
}

#[test]
fn sample_that_wrote_nothing_costs_at_most_40_system_calls() {
    const SAMPLES: usize = 5;
    let guest = Guest::new();
    let agent = guest.published(&EVERY_SECOND);
    wait_samples(&agent, 1);
    let scratch = Scratch::new();
    let trace = scratch.path().join("trace");
    let mut strace = std::process::Command::new("strace");
    strace.args(["-f", "-o"]).arg(&trace).args(["-p", &agent.pid().to_string()]);
    let mut strace = strace.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let reads = || fs::read_to_string(&trace).unwrap_or_default().matches("/proc/meminfo").count();
    assert!(wait_for(PATIENCE, || reads() > SAMPLES));
    strace.kill().unwrap();
    strace.wait().unwrap();
    let text = fs::read_to_string(&trace).unwrap();
    // Only the collector and the publisher: other tests cause events of the other collectors.
    let collector = thread(&agent).file_name().unwrap().to_str().unwrap().to_owned();
    let threads = [&*collector, &agent.pid().to_string()];
    let calls = text.lines().filter(|line| {
        let mut words = line.split_whitespace();
        threads.contains(&words.next().unwrap())
            && words.next().is_some_and(|word| word.contains('('))
    });
    let (calls, samples) = (calls.count(), reads());
    println!("{calls} system calls of two threads, {samples} samples");
    // The calls that strace interrupted when it attached are counted too: one of each thread.
    assert!(calls <= 40 * samples + 2, "{calls} calls, {samples} samples:\n{text}");
}

#[test]
fn memory_of_this_machine_is_published_in_kib() {
    let guest = Guest::new();
    guest.sh("umount /proc/meminfo");
    let _agent = guest.published(&[]);
    let published = |key: &str| guest.tree()[key].parse::<u64>().unwrap();
    assert_eq!(published("data/meminfo_total"), of_the_machine("MemTotal:"));
    let free = of_the_machine("MemAvailable:");
    let shown = published("data/meminfo_free");
    assert!(shown.abs_diff(free) < free / 2, "{shown} {free}");
}

fn of_the_machine(field: &str) -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap();
    let line = text.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
