//! What came of the soak: what was done, what the agent took for it, and that it has not grown.

use crate::figures::Sample;
use crate::harness::Agent;
use crate::soak::Soak;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What may be between the first and the last quarter of the checkpoints of one agent, in KiB: malloc
/// keeps what it was given, so that a peak shows ever after.
const FLAT: u64 = 1024;
/// What an agent may have allocated more at its end than at first, in bytes, besides one key each that
/// it was refused, and remembers to have told.
const LIVE: i64 = 16 * 1024;
const KEY: i64 = 256;
/// How an agent says that it may not write a key, and that it may again; in turn for each.
const REFUSED: &str = ": denied by xenstored";
const TAKEN: &str = ": no longer denied by xenstored";

/// How each trouble is told when it comes and when it goes; once each.
const PAIRS: [(&str, &str); 6] = [
    ("warn: memory: ", "info: memory: recovered"),
    ("warn: network: ", "info: network: recovered"),
    ("warn: resume watch: ", "info: resume watch: recovered"),
    ("warn: sriov: ", "info: sriov: recovered"),
    ("warn: xenstore connection lost", "info: connected to xenstore again"),
    ("warn: xenstore quota reached", "info: xenstore quota no longer reached"),
];

/// One line of how it stands.
pub fn progress(soak: &Soak, took: Duration) {
    if let Some(Sample { pss, own, .. }) = soak.samples.last() {
        let (count, changes) = (soak.samples.len(), soak.changes);
        println!(
            "{:5} s: {count} checkpoints, {changes} changes, PSS {pss} KiB, {own} KiB its own",
            took.as_secs()
        );
    }
}

/// The log must be bounded: so many lines for what was done, and one for each key refused.
pub fn check_log(soak: &Soak) {
    let log = soak.log();
    let lines = by_kind(&log);
    let allowed = soak.journal.lines_allowed;
    let total: usize = lines.values().sum();
    assert!(total <= allowed, "{total} lines, {allowed} allowed: {lines:#?}");
    let log = soak.agent.as_ref().map(Agent::stderr).unwrap_or_default();
    let mut refused = BTreeSet::new();
    for line in log.lines() {
        let of = |words| line.split_once(words).and_then(|(key, _)| key.split(' ').nth(1));
        let in_turn = match (of(REFUSED), of(TAKEN)) {
            (Some(key), _) => refused.insert(key),
            (_, Some(key)) => refused.remove(key),
            _ => true,
        };
        assert!(in_turn, "told once more: {line}");
    }
}

/// What went wrong by the agent's own account and did not recover, or was logged more than once.
pub fn unbalanced(agent: &Agent) -> Vec<String> {
    let log = agent.stderr();
    let count = |start: &str| log.lines().filter(|line| line.starts_with(start)).count();
    let differ = |(bad, good): &(&str, &str)| count(bad) != count(good);
    let told = |(bad, good): &(&str, &str)| {
        format!("{} times {bad:?}, {} times {good:?}", count(bad), count(good))
    };
    PAIRS.iter().filter(|pair| differ(pair)).map(told).collect()
}

/// How often each kind of line was logged: a line up to what is particular in it.
fn by_kind(log: &str) -> BTreeMap<&str, usize> {
    let mut kinds = BTreeMap::new();
    for line in log.lines().filter(|line| !is_of_a_key(line)) {
        let is_particular = |c: char| c.is_ascii_digit() || c == '(' || c == '/';
        *kinds.entry(line.split(is_particular).next().unwrap_or_default()).or_default() += 1;
    }
    kinds
}

fn is_of_a_key(line: &str) -> bool {
    line.contains(REFUSED) || line.contains(TAKEN)
}

/// Says what was done and what it took; fails when the agent has grown.
pub fn end(soak: &Soak, took: Duration, [first, last]: [i64; 2]) {
    soak.journal.counts.iter().for_each(|(name, count)| println!("{count:7} {name}"));
    println!("lines of log:");
    let log = soak.log();
    by_kind(&log).iter().for_each(|(kind, count)| println!("{count:7} {kind}"));
    let refused = log.lines().filter(|line| is_of_a_key(line)).count();
    println!(
        "{refused:7} of keys refused or taken again; {} others allowed",
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
    println!("{} changes asked of xenstored by the guest", soak.changes);
    println!("{:.2} s of processor time in all agents", soak.ended.ticks as f64 / 100.0);
    println!("{fds} descriptors and {threads} threads at every checkpoint");
    flat("PSS", life, |sample| sample.pss);
    let (own_first, own_last) = flat("its own memory", life, |sample| sample.own);
    println!("allocated, with hardly anything to tell: {first} bytes at first, {last} at last");
    assert!(own_last <= own_first + FLAT, "the agent has grown");
    assert!(last <= first + LIVE + KEY * refused as i64, "the agent leaks");
}

/// Says the means of the first and the last quarter.
fn flat(name: &str, life: &[Sample], what: fn(&Sample) -> u64) -> (u64, u64) {
    let quarter = life.len().div_ceil(4);
    let mean = |samples: &[Sample]| samples.iter().map(what).sum::<u64>() / quarter as u64;
    let (first, last) = (mean(&life[..quarter]), mean(&life[life.len() - quarter..]));
    let most = life.iter().map(what).max().unwrap_or_default();
    println!(
        "{name}: {first} KiB in the first quarter, {last} KiB in the last, {most} KiB at most"
    );
    (first, last)
}
