//! A checkpoint removes all faults, waits until xenstore has the right keys, checks that a new agent writes the
//! doorbell only, and records the agent's use of resources.

use crate::figures::Sample;
use crate::harness::{DOORBELL, PATIENCE, WatchCounter, wait_for};
use crate::kernel::Kernel;
use crate::soak::Soak;
use crate::{expected, host, process, report, system};
use std::time::{Duration, Instant};

/// The agent tries again after 10 s at most. xenstored delays a guest that writes thousands of keys.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The interval of comparisons while xenstore does not change: the kernel's state may have.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The number of addresses for which the quota suffices.
const MAX_ADDRESSES: usize = 300;

pub fn run(soak: &mut Soak) {
    soak.journal.begin("checkpoint");
    soak.journal.lines_allowed += 2;
    remove_faults(soak);
    remove_addresses(soak);
    wait_published(soak);
    reload_if_the_quota_was_reached(soak);
    check_new_agent_writes_the_doorbell(soak);
    record(soak);
}

fn remove_faults(soak: &mut Soak) {
    host::resume_xenstored(soak);
    host::start(soak);
    host::free_quota(soak);
    host::allow(soak);
    system::restore_meminfo(soak);
    process::resume_agent(soak);
    if soak.agent.is_none() {
        soak.journal.lines_allowed += 3;
        process::start(soak);
    }
}

/// Removes addresses, first of the link with the most, until the quota suffices for the rest.
fn remove_addresses(soak: &mut Soak) {
    loop {
        let kernel = Kernel::of(&soak.guest);
        let wanted = expected::wanted(soak, &kernel);
        if wanted.keys().filter(|key| key.ends_with('>')).count() <= MAX_ADDRESSES {
            return;
        }
        let crowded = kernel.most_addressed().to_owned();
        soak.journal.detail(&format!("flush {crowded}"));
        soak.guest.ip_where_possible(format!("addr flush dev {crowded}"));
    }
}

/// Waits until xenstore has the wanted keys.
fn wait_published(soak: &mut Soak) {
    let changes = WatchCounter::of(&soak.guest.socket().with_file_name("socket"), host::HOME);
    let deadline = Instant::now() + TIMEOUT;
    if soak.host.needs_reload {
        reload(soak);
    }
    loop {
        let seen = changes.count();
        let Some(difference) = difference(soak) else { return };
        process::check_alive(soak);
        if Instant::now() > deadline {
            panic!("missing (-) and not wanted (+):\n{difference}");
        }
        changes.wait_beyond(seen, Instant::now() + POLL_INTERVAL);
    }
}

/// The difference between the keys in xenstore and the wanted ones.
fn difference(soak: &Soak) -> Option<String> {
    let kernel = Kernel::of(&soak.guest);
    let wanted = expected::wanted(soak, &kernel);
    let published = expected::published(soak, &kernel, &soak.guest.tree());
    (published != wanted).then(|| expected::difference(&wanted, &published))
}

/// More names than a directory may have are taken for the quota, which is forgotten after a day, or now.
fn reload_if_the_quota_was_reached(soak: &mut Soak) {
    let reached = |agent| report::unrecovered(agent).iter().any(|line| line.contains("quota"));
    if soak.agent.as_ref().is_some_and(reached) {
        reload(soak);
        wait_published(soak);
    }
}

/// Makes the agent read its keys back; it logs one line.
fn reload(soak: &mut Soak) {
    soak.journal.detail("reload");
    soak.journal.lines_allowed += 1;
    process::signal(soak, "HUP");
}

/// Runs another agent with `--once`. It may write what the kernel changed meanwhile: network and free swap.
fn check_new_agent_writes_the_doorbell(soak: &mut Soak) {
    soak.host.needs_reload = false;
    let deadline = Instant::now() + TIMEOUT;
    while Instant::now() < deadline {
        let (network, swap) = (Kernel::of(&soak.guest), soak.volumes.swap_state());
        // The kernel's state may have changed since the last comparison.
        if difference(soak).is_some() {
            wait_published(soak);
            continue;
        }
        let mark = soak.guest.mark();
        let end = soak.guest.run(&["-s", "--once"]);
        assert_eq!(end.code, Some(0), "{end:?}");
        let mut changes = soak.guest.changes_since(mark);
        changes.retain(|change| change != DOORBELL);
        if changes.is_empty() {
            return;
        }
        let is_of_swap =
            swap != soak.volumes.swap_state() && changes.iter().all(|c| is_swap_free(soak, c));
        let is_of_kernel = is_of_swap || network != Kernel::of(&soak.guest);
        assert!(is_of_kernel, "a new agent wrote {changes:#?}");
    }
    panic!("the kernel's network or swap still changes");
}

/// Whether a change is that of the swap's `free`.
fn is_swap_free(soak: &Soak, change: &str) -> bool {
    let volume = change.strip_prefix("write ").and_then(|rest| rest.split_once("/free = "));
    let name = volume.and_then(|(node, _)| soak.guest.tree().remove(&format!("{node}/name")));
    name == Some(soak.volumes.swap_name())
}

/// Records the figures. The numbers of descriptors and threads must be those of the first checkpoint.
fn record(soak: &mut Soak) {
    let agent = soak.agent.as_ref().expect("the agent runs");
    let pid = agent.pid();
    // The agent reconnects after 10 s at most.
    let has_recovered = wait_for(2 * PATIENCE, || report::unrecovered(agent).is_empty());
    assert!(has_recovered, "{:#?}", report::unrecovered(agent));
    let first = soak.samples.first().copied().unwrap_or_else(|| fewest(pid));
    let mut now = first;
    let is_same = wait_for(PATIENCE, || {
        now = Sample::of(pid);
        (now.fds, now.threads) == (first.fds, first.threads)
    });
    assert!(is_same, "descriptors and threads: {now:?}, at first {first:?}");
    soak.samples.push(now);
    report::check_log(soak);
    soak.count_changes();
}

/// The sample with the fewest descriptors in one interval: the agent opens files for a moment, once a second.
fn fewest(pid: u32) -> Sample {
    let mut fewest = Sample::of(pid);
    let until = Instant::now() + POLL_INTERVAL;
    while Instant::now() < until {
        let now = Sample::of(pid);
        if (now.fds, now.threads) < (fewest.fds, fewest.threads) {
            fewest = now;
        }
    }
    fewest
}
