//! A checkpoint removes all faults, waits until xenstore has the right keys, checks that a new agent writes
//! nothing, and records the agent's use of resources.

use crate::figures::Sample;
use crate::harness::{PATIENCE, WatchCounter, wait_for};
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
    check_new_agent_writes_nothing(soak);
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
        let kernel = Kernel::of(&soak.guest);
        let wanted = expected::wanted(soak, &kernel);
        let published = expected::published(soak, &kernel, &soak.guest.tree());
        if published == wanted {
            return;
        }
        process::check_alive(soak);
        if Instant::now() > deadline {
            panic!(
                "missing (-) and not wanted (+):\n{}",
                expected::difference(&wanted, &published)
            );
        }
        changes.wait_beyond(seen, Instant::now() + POLL_INTERVAL);
    }
}

/// Makes the agent read its keys back; it logs one line.
fn reload(soak: &mut Soak) {
    soak.journal.detail("reload");
    soak.journal.lines_allowed += 1;
    process::signal(soak, "HUP");
}

/// Runs another agent with `--once`.
fn check_new_agent_writes_nothing(soak: &mut Soak) {
    soak.host.needs_reload = false;
    for _ in 0..3 {
        let before = Kernel::of(&soak.guest);
        let mark = soak.guest.mark();
        let end = soak.guest.run(&["-s", "--once"]);
        assert_eq!(end.code, Some(0), "{end:?}");
        let changes = soak.guest.changes_since(mark);
        if changes.is_empty() {
            return;
        }
        assert!(Kernel::of(&soak.guest) != before, "a new agent wrote {changes:#?}");
        wait_published(soak);
    }
    panic!("the kernel's network still changes");
}

/// Records the figures. The numbers of descriptors and threads must be those of the first checkpoint.
fn record(soak: &mut Soak) {
    let agent = soak.agent.as_ref().expect("the agent runs");
    let pid = agent.pid();
    // The agent reconnects after 10 s at most.
    let has_recovered = wait_for(2 * PATIENCE, || report::unrecovered(agent).is_empty());
    assert!(has_recovered, "{:#?}", report::unrecovered(agent));
    if let Some(first) = soak.samples.first().copied() {
        let same = |now: Sample| (now.fds, now.threads) == (first.fds, first.threads);
        let is_same = wait_for(PATIENCE, || same(Sample::of(pid)));
        assert!(is_same, "descriptors and threads: {:?}, at first {first:?}", Sample::of(pid));
    }
    soak.samples.push(Sample::of(pid));
    report::check_log(soak);
    soak.count_changes();
}
