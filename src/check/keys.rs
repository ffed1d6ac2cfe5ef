//! `facts` and `host`: all other keys, and what the host refuses. Pure.

use std::time::Duration;

use publishers::RESERVE;
use publishers::diff::Change;
use publishers::guest_state::Source;
use publishers::key_tree::is_within;
use publishers::timestamp::age;

use super::finding::{Finding, count};
use super::observation::{Observation, StoreSeen, name_of};
use super::{agent, nic, remedies};

/// Differences that are shown one by one.
const SHOWN: usize = 3;
/// Nodes that a guest may own, by the default of both xenstoreds.
const QUOTA: usize = 1_000;
/// The longest time between two writes of `data/updated` by an agent that samples the memory at the default
/// interval, and as much again.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2 * 660);

/// The keys that neither `nic` nor `agent` nor `others` looks at.
pub fn facts(seen: &Observation) -> Vec<Finding> {
    let Ok(store) = &seen.store else {
        return vec![Finding::skip("facts", "the store is not known")];
    };
    if !seen.late_collectors.is_empty() {
        let message = format!("{}: {}", seen.why_late(), seen.late_collectors.join(", "));
        return vec![Finding::fail("facts", message)];
    }
    if let Some((path, error)) = store.comparison.unreadable.first_key_value() {
        return vec![Finding::fail("facts", format!("{path} cannot be read ({error})"))];
    }
    let changes = changes(seen, store);
    if changes.is_empty() {
        let is_there = |path: &&String| store.comparison.published.get(path).is_some();
        let wanted = store.comparison.wanted.iter().map(|(path, _)| path);
        let keys = wanted.filter(is_there).filter(|path| is_fact(path, &nic::nodes(seen)));
        let keys = count(keys.count(), "key");
        let disabled: Vec<&str> = seen.disabled.iter().map(|source| name_of(*source)).collect();
        let left_out = match disabled.as_slice() {
            [] => String::new(),
            names => format!("; left out by --without {}", names.join(", ")),
        };
        let message = format!("{keys} in the store, none differs{left_out}");
        return vec![Finding::ok("facts", message)];
    }
    let mut shown: Vec<String> =
        changes.iter().take(SHOWN).map(|change| difference(seen, change)).collect();
    if let Some(more @ 1..) = changes.len().checked_sub(SHOWN) {
        shown.push(format!("and {}", count(more, "more key")));
    }
    let fix = if is_full(store) { None } else { remedies::publish(seen) };
    vec![Finding::fail("facts", shown.join("; ")).fix(fix)]
}

fn changes<'a>(seen: &Observation, store: &'a StoreSeen) -> Vec<&'a Change> {
    let nics = nic::nodes(seen);
    let is_untold = |change: &&Change| {
        let path = change.path();
        is_fact(path, &nics)
            || agent::is_of_agent(path) && !agent::is_reported_elsewhere(seen, path)
    };
    let changes = store.comparison.changes.iter().filter(is_untold);
    changes.filter(|change| !store.denied.contains(change.path())).collect()
}

/// Whether no other check looks at this key.
fn is_fact(path: &str, nics: &[String]) -> bool {
    let others = ["attr/eth", "data/updated"];
    !others.iter().any(|other| path.starts_with(other))
        && !agent::is_of_agent(path)
        && !nics.iter().any(|node| is_within(path, node))
}

fn difference(seen: &Observation, change: &Change) -> String {
    match change {
        Change::Write(path, value) => match seen.published(path) {
            Some(published) => format!("{path} is {published:?}, should be {value:?}"),
            None => format!("{path} is missing, should be {value:?}"),
        },
        Change::Remove(path) => format!("{path} should not be there"),
    }
}

/// What the host allows.
pub fn host(seen: &Observation) -> Vec<Finding> {
    let Ok(store) = &seen.store else { return Vec::new() };
    vec![host_of(seen, store)]
}

fn host_of(seen: &Observation, store: &StoreSeen) -> Finding {
    // libxl keeps `control` to itself.
    let is_unusual = |path: &&String| !path.starts_with("control/");
    if let Some(path) = store.denied.iter().find(is_unusual) {
        let denied = store.denied.len();
        let more = if denied > 1 { format!(" and {} more", denied - 1) } else { String::new() };
        let message = format!("does not let the guest write {path}{more}");
        return Finding::fail("host", message);
    }
    if let Some(reason) = seen.key("data/cant_suspend_reason") {
        let message = format!("will not suspend or migrate the guest: {reason}");
        return Finding::warn("host", message);
    }
    if let (true, Some(owned)) = (is_full(store), store.owned) {
        let message = format!(
            "the guest owns {owned} nodes in xenstore, and hosts allow {QUOTA}: keys are left out"
        );
        return Finding::warn("host", message);
    }
    let updated = seen.published("data/updated").and_then(|time| age(time, seen.now.unix));
    if let (Some(age), Some(agent)) = (updated.filter(|age| *age > SIGN_OF_LIFE), seen.agent()) {
        let samples = !seen.state.disabled.contains(&Source::Memory);
        if samples && !agent.arguments.iter().any(|word| word.starts_with("--memory-interval")) {
            let message = format!("has heard nothing of the agent for {}", ago(age));
            return Finding::warn("host", message).fix(remedies::restart(seen));
        }
    }
    let takes = match store.denied.first() {
        Some(path) => format!("takes all keys but {path}, as libxl does"),
        None => "takes all keys".to_owned(),
    };
    let last = updated.map(|age| format!("; the last change was {} ago", ago(age)));
    Finding::ok("host", takes + &last.unwrap_or_default())
}

/// Keys are missing, and the quota is the reason.
fn is_full(store: &StoreSeen) -> bool {
    let is_missing = |change: &Change| {
        matches!(change, Change::Write(path, _)
            if store.comparison.published.get(path).is_none())
    };
    store.owned.is_some_and(|owned| owned + RESERVE >= QUOTA)
        && store.comparison.changes.iter().any(is_missing)
}

fn ago(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7_199 => format!("{} min", seconds / 60),
        seconds @ 7_200..=172_799 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}
