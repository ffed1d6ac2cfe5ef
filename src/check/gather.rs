//! Gathers what the checks are made of. Runs on the confined thread, but for [`unconfined`]. Reads files, netlink
//! and the store, and writes nothing.

use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use collectors::inspect;
use collectors::network::{self, NicFilter};
use collectors::poll::CollectorHandles;
use collectors::sys::{self, guest::NotAGuest};
use facts::channel;
use publishers::Schema;
use publishers::clock::Moment;
use publishers::guest_state::{GuestState, Source};

use super::observation::{AGENT, NoStore, Observation, Unconfined};
use super::{INTERVAL, store};
use crate::agent;
use crate::command_line::{self, Command, Destination, Options, UsageError};

/// How long the collectors may take, and the store's first answer.
pub const COLLECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long all requests to a store that answers may take. There are hundreds, and the host may be slow.
pub const STORE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long an agent that runs may take to publish what has just changed.
const SETTLE_TIME: Duration = Duration::from_millis(500);
/// How long everything else may take: files, the kernel's tables.
const REST: Duration = Duration::from_secs(10);
/// How often a store that differs is looked at while an agent runs. `--wait` looks again by itself.
const ATTEMPTS: u32 = 3;

/// Units of other agents, as their packages name them.
const OTHER_UNITS: [&str; 3] = ["xe-daemon", "xe-guest-utilities", "xe-linux-distribution"];

/// What a confined thread cannot see: other processes' programs and networks.
pub fn unconfined() -> Unconfined {
    let root = Path::new("/");
    Unconfined {
        namespaces: inspect::namespaces(root),
        processes: inspect::agents(root).map(|all| all.into_iter().filter(is_daemon).collect()),
        other_unit: inspect::other_unit(root, &OTHER_UNITS),
        is_root: rustix::process::geteuid().is_root(),
    }
}

/// Whether this is an agent that stays, and not one that checks, withdraws or prints.
fn is_daemon(process: &inspect::Process) -> bool {
    process.name != AGENT
        || match command_of(process) {
            Ok(Command::Run(options)) => options.destination == Destination::Xenstore,
            Ok(_) => false,
            // Another program of this name.
            Err(_) => true,
        }
}

fn command_of(process: &inspect::Process) -> Result<Command, UsageError> {
    let words = process.arguments.iter().cloned();
    command_line::parse(words, |name| process.variable(name))
}

/// The options that decide what should be published: those of the agent that runs, where the command line has none
/// of its own. And whether this agent has others.
fn effective(options: &Options, unconfined: &Unconfined) -> (Options, bool) {
    let has_none = options.schema == Schema::Std
        && options.exclude_nics.is_empty()
        && options.disabled.is_empty();
    let agent = unconfined.processes.iter().flatten().find(|process| process.name == AGENT);
    let mut effective = options.clone();
    let Some(Ok(Command::Run(running))) = agent.map(command_of) else { return (effective, false) };
    if has_none {
        effective.schema = running.schema;
        (effective.exclude_nics, effective.disabled) = (running.exclude_nics, running.disabled);
        return (effective, false);
    }
    // The environment of another user's process cannot be read; it may have set the schema.
    let is_schema_known = agent.is_some_and(|process| !process.environment.is_empty());
    let is_same = (effective.schema == running.schema || !is_schema_known)
        && have_same(&effective.exclude_nics, &running.exclude_nics)
        && have_same(&effective.disabled, &running.disabled);
    (effective, !is_same)
}

/// Whether two lists have the same elements, in any order.
fn have_same<T: PartialEq>(some: &[T], others: &[T]) -> bool {
    some.iter().all(|one| others.contains(one)) && others.iter().all(|one| some.contains(one))
}

/// Looks at everything; again where a running agent may not have published a change yet.
pub fn gather(
    options: &Options,
    wait: Option<Duration>,
    unconfined: &Unconfined,
    missing_confinement: Option<&[String]>,
) -> Observation {
    let (options, has_other_options) = effective(options, unconfined);
    let mut seen = look(&options, wait, unconfined, missing_confinement);
    for _ in 1..looks(wait) {
        let differs = seen.store.as_ref().is_ok_and(|store| {
            let mut changes = store.comparison.changes.iter();
            changes.any(|change| !store.denied.contains(change.path()))
        });
        if !differs || seen.agent().is_none() {
            break;
        }
        thread::sleep(SETTLE_TIME);
        seen = look(&options, wait, unconfined, missing_confinement);
    }
    Observation { has_other_options, ..seen }
}

/// The longest time that [`gather`] takes, with this time of `--wait`, unless something blocks.
pub fn limit(wait: Option<Duration>) -> Duration {
    let look = at_most(wait, COLLECT_TIMEOUT) + COLLECT_TIMEOUT + at_most(wait, STORE_TIMEOUT);
    look * looks(wait) + REST
}

/// How often a store that differs is looked at.
fn looks(wait: Option<Duration>) -> u32 {
    if wait.is_some() { 1 } else { ATTEMPTS }
}

/// This time, or that of `--wait` if it is shorter. A store that answers needs a moment, however short the wait.
fn at_most(wait: Option<Duration>, time: Duration) -> Duration {
    wait.map_or(time, |wait| wait.max(INTERVAL).min(time))
}

fn look(
    options: &Options,
    wait: Option<Duration>,
    unconfined: &Unconfined,
    missing_confinement: Option<&[String]>,
) -> Observation {
    let root = Path::new("/");
    let guest = sys::check_guest(root);
    let store = match guest {
        Ok(()) => store::ping(at_most(wait, COLLECT_TIMEOUT)),
        Err(_) => Err(NoStore::NotTried),
    };
    let (state, started) = match guest {
        Ok(()) => collect(options, store.is_ok()),
        Err(_) => (GuestState::default(), Ok(())),
    };
    let is_late = |(_, source): &&(&str, Source)| guest.is_ok() && !state.is_known(*source);
    let late_collectors =
        Source::COLLECTORS.iter().filter(is_late).map(|(name, _)| *name).collect();
    let exclude = NicFilter::new(options.exclude_nics.clone());
    let devices = inspect::xen_devices(root);
    let timeout = at_most(wait, STORE_TIMEOUT);
    let store = store.and_then(|()| store::look(options.schema, state.clone(), &devices, timeout));
    Observation {
        xen_version: inspect::xen_version(root),
        unconfined: unconfined.clone(),
        service: inspect::service_unit(root, AGENT),
        has_other_options: false,
        schema: options.schema,
        nics: network::list_nics(root, &exclude).map_err(|error| error.to_string()),
        devices,
        missing_confinement: missing_confinement.map(<[String]>::to_vec),
        now: Moment::now(),
        guest,
        state,
        disabled: options.disabled.clone(),
        late_collectors,
        start_error: started.err().map(|error| error.to_string()),
        store,
    }
}

/// Runs each collector once, as `--once` does, and says whether all could be started. Without a store that of SR-IOV
/// functions would hang.
fn collect(options: &Options, has_store: bool) -> (GuestState, io::Result<()>) {
    let mut options = options.clone();
    options.disabled.extend((!has_store).then_some(Source::Sriov));
    let disabled = agent::disabled(&options);
    let mut state = GuestState { started: Moment::now(), disabled, ..GuestState::default() };
    let (outbox, inbox) = channel();
    let mut handles = CollectorHandles::default();
    let started = agent::start_collectors(&options, false, &mut handles, &outbox);
    // Without its handle a collector ends once it has reported.
    drop((handles, outbox));
    let deadline = Instant::now() + COLLECT_TIMEOUT;
    while let Ok(event) = inbox.recv_deadline(deadline) {
        state.apply(event);
    }
    (state, started)
}

/// Whether there is nothing to check here, and nothing to wait for.
pub fn is_elsewhere(guest: &Result<(), NotAGuest>) -> bool {
    matches!(guest, Err(NotAGuest::NotXen(_) | NotAGuest::Dom0(_)))
}
