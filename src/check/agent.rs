//! `agent` and `others`: whether this agent runs, once, and no other program writes its keys. Pure.

use publishers::Schema;
use publishers::keys::is_ours;
use publishers::timestamp::is_rfc3339;

use super::finding::Finding;
use super::observation::{AGENT, Observation};
use super::remedies;

const ID: &str = "agent";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The agent's process, its service and what it published agree.
pub fn agent(seen: &Observation) -> Vec<Finding> {
    if seen.unconfined.processes.is_none() {
        return vec![unknown_process(seen)];
    }
    vec![match seen.agent() {
        Some(agent) => running(seen, agent.pid, agent.is_replaced),
        None => not_running(seen),
    }]
}

fn not_running(seen: &Observation) -> Finding {
    let service = seen.service;
    let message = if service.is_masked {
        format!("{AGENT}.service is masked")
    } else if service.is_active == Some(true) {
        let message = format!("the service manager takes {AGENT} for active, but it does not run");
        return Finding::warn(ID, message).fix(remedies::restart(seen));
    } else if !service.is_installed {
        "no agent runs, and no service is installed for it".to_owned()
    } else {
        let service = match service.manager {
            collectors::inspect::Manager::Systemd => format!("{AGENT}.service"),
            _ => format!("the service {AGENT}"),
        };
        match seen.service.is_enabled {
            Some(true) => format!("{service} is enabled but does not run"),
            Some(false) => format!("{service} is not enabled and does not run"),
            None => format!("{service} does not run"),
        }
    };
    let left = match age_of_keys(seen) {
        Age::None => "",
        Age::ThisBoot => "; the store has what an agent published earlier in this boot",
        Age::OtherBoot => "; the store has what an agent published in an earlier boot",
    };
    Finding::warn(ID, message + left).fix(remedies::start(seen))
}

fn running(seen: &Observation, pid: u32, is_replaced: bool) -> Finding {
    let is_known = seen.store.is_ok() && seen.schema == Schema::Std;
    match age_of_keys(seen) {
        Age::None if is_known => {
            let message = format!("process {pid} runs and has published nothing");
            return Finding::fail(ID, message).fix(remedies::log(seen));
        }
        Age::OtherBoot => {
            let message =
                format!("process {pid} runs, but the store has the keys of an earlier boot");
            return Finding::fail(ID, message).fix(remedies::publish(seen));
        }
        _ => {}
    }
    if seen.has_other_options {
        let options = "--schema, --exclude-nics or --without";
        let message = format!("process {pid} runs with another {options} than this check");
        return Finding::warn(ID, message);
    }
    let published = published_version(seen);
    if published.as_deref().is_some_and(|version| version != VERSION) {
        let other = published.unwrap_or_default();
        let message = format!("version {other} has published, this is {VERSION}");
        return Finding::warn(ID, message).fix(remedies::restart(seen));
    }
    if is_replaced {
        let message = format!("process {pid} runs a program that was replaced since it started");
        return Finding::warn(ID, message).fix(remedies::restart(seen));
    }
    if seen.service.is_active == Some(false) && seen.service.is_installed {
        let message = format!("process {pid} runs, but not as a service");
        let fix = remedies::start(seen).map(|start| format!("kill {pid} && {start}"));
        return Finding::warn(ID, message).fix(fix);
    }
    if seen.service.is_enabled == Some(false) && seen.service.is_installed {
        let message = format!("process {pid} runs, but will not be started at the next boot");
        return Finding::warn(ID, message).fix(remedies::enable(seen));
    }
    Finding::ok(ID, format!("version {VERSION} runs as process {pid}"))
}

/// Where processes are not seen, as on FreeBSD without `/proc`.
fn unknown_process(seen: &Observation) -> Finding {
    match age_of_keys(seen) {
        Age::ThisBoot => Finding::ok(ID, "the store has the keys of this boot"),
        _ if seen.store.is_err() => Finding::skip(ID, "this system shows no processes"),
        Age::None => Finding::warn(ID, "nothing is published").fix(remedies::start(seen)),
        Age::OtherBoot => {
            let message = "the store has the keys of an earlier boot";
            Finding::warn(ID, message).fix(remedies::restart(seen))
        }
    }
}

/// Whether the key says which agent has published, and when.
pub fn is_of_agent(path: &str) -> bool {
    path.starts_with("attr/PVAddons") || path.starts_with("data/service")
}

/// Whether `agent` or `others` says what is wrong with this key of the agent.
pub fn is_reported_elsewhere(seen: &Observation, path: &str) -> bool {
    match age_of_keys(seen) {
        Age::None | Age::OtherBoot => return true,
        Age::ThisBoot => {}
    }
    let is_no_number = |value| path.starts_with("attr/PVAddons/") && !is_number(value);
    published_version(seen).is_some_and(|version| version != VERSION)
        || seen.published(path).is_some_and(is_no_number)
}

fn is_number(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit())
}

enum Age {
    None,
    ThisBoot,
    OtherBoot,
}

fn age_of_keys(seen: &Observation) -> Age {
    let boot = seen.published("data/service/xen-guest-agent/boot-id");
    let own = seen.state.service.as_ref().and_then(|service| service.boot_id.as_deref());
    match (boot, own) {
        (Some(boot), Some(own)) if boot != own => Age::OtherBoot,
        (Some(_), _) => Age::ThisBoot,
        // `--without service`, and schema rfc.
        (None, _) if published_version(seen).is_some() => Age::ThisBoot,
        (None, _) => Age::None,
    }
}

/// The version that an agent has published, in three parts.
fn published_version(seen: &Observation) -> Option<String> {
    let part = |name| seen.published(&format!("attr/PVAddons/{name}Version"));
    let of_service = seen.published("data/service/xen-guest-agent/version").map(str::to_owned);
    of_service.or_else(|| Some(format!("{}.{}.{}", part("Major")?, part("Minor")?, part("Micro")?)))
}

const OTHERS: &str = "others";

/// Other agents, and keys that only they write.
pub fn others(seen: &Observation) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        running_others(seen).into_iter().chain(keys_of_others(seen)).collect();
    if findings.is_empty() {
        findings.push(match (&seen.unconfined.processes, &seen.store) {
            (Some(_), Ok(_)) => Finding::ok(OTHERS, "no other agent runs or has left keys"),
            (Some(_), Err(_)) => Finding::ok(OTHERS, "no other agent runs"),
            (None, Ok(_)) => Finding::ok(OTHERS, "no other agent has left keys"),
            (None, Err(_)) => return Vec::new(),
        });
    }
    findings.truncate(1);
    findings
}

fn running_others(seen: &Observation) -> Option<Finding> {
    if let [first, second, ..] = seen.processes(AGENT).as_slice() {
        let message = format!("two agents run, process {} and {}", first.pid, second.pid);
        return Some(Finding::fail(OTHERS, message).fix(format!("kill {}", second.pid)));
    }
    let other = *seen.processes("xe-daemon").first()?;
    let fix = remedies::stop_other(seen, other.pid);
    Some(match seen.agent() {
        Some(_) => {
            let message =
                format!("xe-daemon runs too, process {}: both write the same keys", other.pid);
            Finding::fail(OTHERS, message).fix(fix)
        }
        None => {
            let message =
                format!("xe-daemon runs in the place of this agent, process {}", other.pid);
            Finding::warn(OTHERS, message).fix(fix)
        }
    })
}

fn keys_of_others(seen: &Observation) -> Option<Finding> {
    let store = seen.store.as_ref().ok()?;
    let published = &store.comparison.published;
    let found = |message: String| Some(Finding::fail(OTHERS, message).fix(remedies::publish(seen)));
    let wrong = published.below("attr/PVAddons").find(|(_, value)| !is_number(value));
    if let Some((name, value)) = wrong {
        let whose = match value {
            _ if value.starts_with('@') => "xe-guest-utilities built without a version",
            _ if value.starts_with("proto") => "the prototype of this agent",
            _ => "another agent",
        };
        let message =
            format!("attr/PVAddons/{name} is {value:?}, from {whose}: XAPI sees no agent");
        return found(message);
    }
    // Other keys there are those of programs that no host reads.
    let is_shells = |path: &str, value: &str| path.starts_with("attr/eth") && is_ours(path, value);
    let shell = published.iter().find(|(path, value)| is_shells(path, value));
    if let Some((path, value)) = shell {
        let message =
            format!("{path} is {value:?}, left by an old agent: XAPI may show that address");
        return found(message);
    }
    // xe-daemon writes it as `Thu Nov 20 16:05:00 2026`.
    let updated = published.get("data/updated").filter(|time| !is_rfc3339(time))?;
    let message = format!("data/updated is {updated:?}, as only another agent writes it");
    Some(Finding::warn(OTHERS, message).fix(remedies::publish(seen)))
}
