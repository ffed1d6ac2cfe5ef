//! A checkpoint: faults are lifted, the store becomes what it must be, a fresh agent has nothing to
//! write, and what the agent takes of the machine is taken down.

use crate::figures::Sample;
use crate::harness::{PATIENCE, WatchCounter, wait_for};
use crate::kernel::Kernel;
use crate::soak::Soak;
use crate::{expected, host, process, report, system};
use std::time::{Duration, Instant};

/// The agent tries again after 10 s at the latest, and xenstored slows down who writes thousands of keys.
const SETTLED_BY: Duration = Duration::from_secs(60);
/// How often to look again though nothing changed in the store: the kernel may have.
const LOOK: Duration = Duration::from_secs(1);
/// Addresses, as they are told, that fit into the store with all else.
const MOST_ADDRESSES: usize = 300;

pub fn settle(soak: &mut Soak) {
    soak.journal.begin("quiet");
    soak.journal.lines_allowed += 2;
    lift(soak);
    prune(soak);
    wait_settled(soak);
    a_fresh_agent_writes_nothing(soak);
    take_down(soak);
}

fn lift(soak: &mut Soak) {
    host::go_on(soak);
    host::start(soak);
    host::relieve(soak);
    host::allow(soak);
    system::mend_memory(soak);
    process::go_on(soak);
    if soak.agent.is_none() {
        soak.journal.lines_allowed += 3;
        process::start(soak);
    }
}

/// Takes away addresses, the most crowded links first, until the rest fit into the store.
fn prune(soak: &mut Soak) {
    loop {
        let kernel = Kernel::of(&soak.guest);
        let wanted = expected::wanted(soak, &kernel);
        if wanted.keys().filter(|key| key.ends_with('>')).count() <= MOST_ADDRESSES {
            return;
        }
        let crowded = kernel.most_addressed().to_owned();
        soak.journal.detail(&format!("flush {crowded}"));
        soak.guest.ip_where_possible(format!("addr flush dev {crowded}"));
    }
}

/// Waits until the store is what it must be.
fn wait_settled(soak: &mut Soak) {
    let changes = WatchCounter::of(&soak.guest.socket().with_file_name("socket"), host::HOME);
    let deadline = Instant::now() + SETTLED_BY;
    if soak.host.needs_reload {
        reload(soak);
    }
    loop {
        let seen = changes.count();
        let kernel = Kernel::of(&soak.guest);
        let wanted = expected::wanted(soak, &kernel);
        let held = expected::held(soak, &kernel, &soak.guest.tree());
        if held == wanted {
            return;
        }
        process::check_alive(soak);
        if Instant::now() > deadline {
            panic!("missing (-) and not wanted (+):\n{}", expected::difference(&wanted, &held));
        }
        changes.wait_beyond(seen, Instant::now() + LOOK);
    }
}

/// Has the agent read back what others wrote; it logs one line.
fn reload(soak: &mut Soak) {
    soak.journal.detail("reload");
    soak.journal.lines_allowed += 1;
    process::signal(soak, "HUP");
}

/// Runs another agent.
fn a_fresh_agent_writes_nothing(soak: &mut Soak) {
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
        assert!(Kernel::of(&soak.guest) != before, "a fresh agent wrote {changes:#?}");
        wait_settled(soak);
    }
    panic!("the kernel's network does not come to rest");
}

/// Takes down the figures of a checkpoint, which descriptors and threads must be like at the first.
fn take_down(soak: &mut Soak) {
    let agent = soak.agent.as_ref().expect("it runs");
    let pid = agent.pid();
    // A connection is tried again after 10 s at the latest.
    let is_well = wait_for(2 * PATIENCE, || report::unbalanced(agent).is_empty());
    assert!(is_well, "{:#?}", report::unbalanced(agent));
    if let Some(first) = soak.samples.first().copied() {
        let same = |now: Sample| (now.fds, now.threads) == (first.fds, first.threads);
        let is_same = wait_for(PATIENCE, || same(Sample::of(pid)));
        assert!(is_same, "descriptors and threads: {:?}, at first {first:?}", Sample::of(pid));
    }
    soak.samples.push(Sample::of(pid));
    report::check_log(soak);
    soak.take_trace();
}
