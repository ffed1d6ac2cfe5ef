//! The report of the soak: actions, log lines and the agent's use of resources. Checks that its memory has
//! not grown.

use crate::figures::Sample;
use crate::harness::Agent;
use crate::soak::Soak;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The allowed growth of the agent's memory from the first quarter of the checkpoints to the last, in KiB:
/// malloc keeps freed memory, so that a peak stays visible.
const MAX_GROWTH: u64 = 1024;
/// The allowed growth of the heap of an idle agent, in bytes; and for each key that was denied, as the agent
/// remembers which ones it has logged.
const MAX_HEAP_GROWTH: i64 = 16 * 1024;
const MAX_KEY_SIZE: i64 = 256;
/// The log lines of a key that is denied, and of one that no longer is. They must alternate for each key.
const DENIED: &str = ": denied by xenstored";
const ALLOWED: &str = ": no longer denied by xenstored";

/// The log lines of each failure and of its recovery. Each is logged once.
const PAIRS: [(&str, &str); 5] = [
    ("warn: memory: ", "info: memory: recovered"),
    ("warn: network: ", "info: network: recovered"),
    ("warn: xenstore watch: ", "info: xenstore watch: recovered"),
    ("warn: xenstore connection lost", "info: connected to xenstore again"),
    ("warn: xenstore quota reached", "info: xenstore quota no longer reached"),
];

/// Prints one line with the present figures.
pub fn progress(soak: &Soak, took: Duration) {
    if let Some(Sample { pss, own, .. }) = soak.samples.last() {
        let (count, changes) = (soak.samples.len(), soak.changes);
        println!(
            "{:5} s: {count} checkpoints, {changes} changes, PSS {pss} KiB, {own} KiB its own",
            took.as_secs()
        );
    }
}

/// Checks the number of log lines: those allowed for the actions, and one for each key that was denied.
pub fn check_log(soak: &Soak) {
    let log = soak.log();
    let lines = by_kind(&log);
    let allowed = soak.journal.lines_allowed;
    let total: usize = lines.values().sum();
    assert!(total <= allowed, "{total} lines, {allowed} allowed: {lines:#?}");
    let log = soak.agent.as_ref().map(Agent::stderr).unwrap_or_default();
    let mut denied = BTreeSet::new();
    for line in log.lines() {
        let key_before = |text| line.split_once(text).and_then(|(key, _)| key.split(' ').nth(1));
        let is_new = match (key_before(DENIED), key_before(ALLOWED)) {
            (Some(key), _) => denied.insert(key),
            (_, Some(key)) => denied.remove(key),
            _ => true,
        };
        assert!(is_new, "logged again: {line}");
    }
}

/// The failures in the agent's log that are not followed by a recovery, or are logged more than once.
pub fn unrecovered(agent: &Agent) -> Vec<String> {
    let log = agent.stderr();
    let count = |start: &str| log.lines().filter(|line| line.starts_with(start)).count();
    let differ = |(bad, good): &(&str, &str)| count(bad) != count(good);
    let describe = |(bad, good): &(&str, &str)| {
        format!("{} times {bad:?}, {} times {good:?}", count(bad), count(good))
    };
    PAIRS.iter().filter(|pair| differ(pair)).map(describe).collect()
}

/// How often each kind of line was logged. The kind is the line up to the first digit, `(` or `/`.
fn by_kind(log: &str) -> BTreeMap<&str, usize> {
    let mut kinds = BTreeMap::new();
    for line in log.lines().filter(|line| !is_of_a_key(line)) {
        let ends_kind = |c: char| c.is_ascii_digit() || c == '(' || c == '/';
        *kinds.entry(line.split(ends_kind).next().unwrap_or_default()).or_default() += 1;
    }
    kinds
}

fn is_of_a_key(line: &str) -> bool {
    line.contains(DENIED) || line.contains(ALLOWED)
}

/// Prints the actions and figures; fails if the agent's memory has grown.
pub fn end(soak: &Soak, took: Duration, [first, last]: [Option<i64>; 2]) {
    soak.journal.counts.iter().for_each(|(name, count)| println!("{count:7} {name}"));
    println!("lines of log:");
    let log = soak.log();
    by_kind(&log).iter().for_each(|(kind, count)| println!("{count:7} {kind}"));
    let denied = log.lines().filter(|line| is_of_a_key(line)).count();
    println!(
        "{denied:7} of keys denied or allowed again; {} others allowed",
        soak.journal.lines_allowed
    );
    let life = &soak.samples[soak.restarts_until..];
    let Sample { fds, threads, .. } = life[0];
    println!(
        "{} s, {} checkpoints, {} of them of the last of {} agents",
        took.as_secs(),
        soak.samples.len(),
        life.len(),
        soak.starts
    );
    println!("{} changes requested by the guest", soak.changes);
    println!("{:.2} s of processor time in all agents", soak.ended.ticks as f64 / 100.0);
    println!("{fds} descriptors and {threads} threads at every checkpoint");
    quarter_means("PSS", life, |sample| sample.pss);
    let (own_first, own_last) = quarter_means("its own memory", life, |sample| sample.own);
    assert!(own_last <= own_first + MAX_GROWTH, "the agent's memory has grown");
    let (Some(first), Some(last)) = (first, last) else {
        return println!("heap: not counted, since a static binary loads no library");
    };
    println!("heap when idle with few keys: {first} bytes at first, {last} at last");
    let allowed = first + MAX_HEAP_GROWTH + MAX_KEY_SIZE * denied as i64;
    assert!(last <= allowed, "the agent leaks");
}

/// Prints and returns the means of the first and the last quarter.
fn quarter_means(name: &str, life: &[Sample], what: fn(&Sample) -> u64) -> (u64, u64) {
    let quarter = life.len().div_ceil(4);
    let mean = |samples: &[Sample]| samples.iter().map(what).sum::<u64>() / quarter as u64;
    let (first, last) = (mean(&life[..quarter]), mean(&life[life.len() - quarter..]));
    let most = life.iter().map(what).max().unwrap_or_default();
    println!(
        "{name}: {first} KiB in the first quarter, {last} KiB in the last, {most} KiB at most"
    );
    (first, last)
}
