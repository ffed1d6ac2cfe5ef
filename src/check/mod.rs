//! `--check`: says why a host does not show what it should. Changes nothing.
//!
//! A confined thread reads files, kernel and store into one [`observation::Observation`] ([`gather`]). The thread that the
//! program starts with looks at other processes, which a confined thread cannot, and prints. Each check is a function of the
//! observation to [`Finding`]s, without I/O; [`report`] shows them.

mod agent;
mod finding;
mod gather;
mod guest;
mod keys;
mod machine;
mod nic;
mod observation;
mod remedies;
mod report;
mod store;

use std::env;
use std::io::{self, IsTerminal};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use finding::{CheckResult, Finding};
use observation::{Observation, Unconfined};

use crate::command_line::{CheckOptions, Options};
use crate::logging::Target;
use crate::sandbox::{self, UnixSockets};

/// The time between two looks of `--wait`.
const INTERVAL: Duration = Duration::from_secs(1);

/// Connections to the device for the next look, where the confined thread cannot open it.
const CONNECTIONS: usize = 16;

/// The checks, in the order in which things depend on each other.
const CHECKS: [fn(&Observation) -> Vec<Finding>; 10] = [
    guest::guest,
    guest::namespace,
    guest::store,
    agent::agent,
    agent::others,
    nic::nics,
    keys::facts,
    keys::host,
    machine::confinement,
    machine::drivers,
];

/// Checks, and prints what was found; whether nothing failed.
///
/// # Errors
/// When the system has no threads left, something blocks, or the output cannot be written.
pub fn run(options: &Options, check: &CheckOptions, log: Target) -> io::Result<bool> {
    let deadline = check.wait.map(|wait| Instant::now() + wait);
    let limit = gather::limit(check.wait);
    let (request, seen) = start_looking(options.clone(), check.wait, log)?;
    let mut before: Option<Observation> = None;
    let findings = loop {
        request.send(gather::unconfined()).map_err(|_| io::ErrorKind::BrokenPipe)?;
        // When the time is over during a look, the one before it counts.
        let timeout = match deadline.filter(|_| before.is_some()) {
            Some(at) => at.saturating_duration_since(Instant::now()),
            None => limit,
        };
        let looked = match (seen.recv_timeout(timeout), before.take()) {
            (Ok(looked), _) | (Err(RecvTimeoutError::Timeout), Some(looked)) => looked,
            (Err(RecvTimeoutError::Timeout), None) => return Err(blocked(limit)),
            (Err(RecvTimeoutError::Disconnected), _) => {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
        };
        let without = |part: &String| part.starts_with("Landlock");
        if looked.missing_confinement.iter().flatten().any(without) && !xenstore::has_socket() {
            xenstore::reserve_device(CONNECTIONS);
        }
        let mut findings = findings(&looked);
        let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        // An agent that has started since would be said not to run.
        let is_same = || gather::unconfined().processes == looked.unconfined.processes;
        let is_done = gather::is_elsewhere(&looked.guest)
            || !has_failed(&findings) && nic::has_address(&looked) && is_same();
        match left.filter(|_| !is_done) {
            None => break findings,
            Some(Duration::ZERO) => {
                findings.push(too_late(check.wait.unwrap_or_default(), &looked));
                break findings;
            }
            Some(left) => {
                before = Some(looked);
                thread::sleep(INTERVAL.min(left));
            }
        }
    };
    print(&findings, check)?;
    Ok(!has_failed(&findings))
}

/// Starts the confined thread. It gathers once for each [`Unconfined`] that it receives.
fn start_looking(
    options: Options,
    wait: Option<Duration>,
    log: Target,
) -> io::Result<(Sender<Unconfined>, Receiver<Observation>)> {
    let (request, requests) = channel::<Unconfined>();
    let (sender, seen) = channel();
    let look = move || {
        let sockets = UnixSockets::needed(options.destination, log);
        let missing_confinement = options.sandbox.then(|| sandbox::restrict_self(sockets));
        for unconfined in requests {
            if sender
                .send(gather::gather(&options, wait, &unconfined, missing_confinement.as_deref()))
                .is_err()
            {
                return;
            }
        }
    };
    thread::Builder::new().name("look".into()).spawn(look)?;
    Ok((request, seen))
}

fn blocked(limit: Duration) -> io::Error {
    let seconds = limit.as_secs();
    io::Error::other(format!("nothing was found within {seconds} s: a file or the kernel hangs"))
}

fn findings(seen: &Observation) -> Vec<Finding> {
    // Without a host nothing else is worth a line.
    let checks = if seen.guest.is_ok() { &CHECKS[..] } else { &CHECKS[..1] };
    checks.iter().flat_map(|check| check(seen)).collect()
}

fn too_late(wait: Duration, seen: &Observation) -> Finding {
    let what = match nic::has_address(seen) {
        true => "something still fails",
        false => "the store has no address that is not link-local",
    };
    Finding::fail("wait", format!("after {} s, {what}", wait.as_secs()))
}

fn has_failed(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.result == CheckResult::Fail)
}

fn print(findings: &[Finding], check: &CheckOptions) -> io::Result<()> {
    let is_shown = |finding: &&Finding| {
        !check.quiet || matches!(finding.result, CheckResult::Warn | CheckResult::Fail)
    };
    let shown: Vec<Finding> = findings.iter().filter(is_shown).cloned().collect();
    let is_one_line = matches!(findings, [only] if only.result == CheckResult::Skip);
    let text = match check.json {
        true => report::json(&shown),
        false => report::text(&shown, has_colours(), !check.quiet && !is_one_line),
    };
    crate::print(&text)
}

/// Only on a terminal, and not where `NO_COLOR` is set (no-color.org).
fn has_colours() -> bool {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb
}

#[cfg(test)]
mod tests;
