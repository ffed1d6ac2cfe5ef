//! Actions on the agent's process: signals, its end and its next start.

use crate::harness::{Agent, Finished, PATIENCE, wait_for};
use crate::host::Store;
use crate::soak::Soak;
use crate::{checkpoint, figures, network};
use std::time::Duration;

/// Much more than the second that the agent may need: the machine may be busy.
const EXIT_TIMEOUT: Duration = Duration::from_secs(5);
/// An agent that used no processor time for this long is idle. It samples every second.
const IDLE_TIME: Duration = Duration::from_millis(500);

/// Starts an agent. While xenstored is down, it must exit with an error.
pub fn start(soak: &mut Soak) {
    let arguments = ["-s", "--memory-interval", "1", "--disk-interval", "1"];
    if soak.host.store == Store::Down {
        let end = soak.guest.run(&arguments);
        assert_eq!(end.code, Some(1), "{end:?}");
        assert!(end.stderr.starts_with("error: ") && end.stderr.lines().count() == 1, "{end:?}");
    } else {
        let mut command = soak.guest.command(&arguments);
        figures::count_heap(&soak.guest, &mut command);
        let agent = Agent::spawn(command);
        // Before that, SIGHUP would end the process.
        agent.wait_logged("started, version");
        soak.agent = Some(agent);
        soak.starts += 1;
    }
}

pub fn signal(soak: &Soak, name: &str) {
    soak.agent.iter().for_each(|agent| agent.signal(name));
}

/// One reload or many. Each logs one line at most: signals that come together are one.
pub fn reload(soak: &mut Soak) {
    let times = *soak.random.pick(&[1, 1, 1, 3, 20]);
    soak.journal.detail(&times.to_string());
    soak.journal.lines_allowed += times;
    (0..times).for_each(|_| signal(soak, "HUP"));
}

pub fn stop(soak: &mut Soak) {
    signal(soak, "STOP");
    soak.stopped = true;
    soak.sometimes_sleep();
}

pub fn resume_agent(soak: &mut Soak) {
    signal(soak, "CONT");
    soak.stopped = false;
}

pub fn end(soak: &mut Soak) {
    let name = *soak.random.pick(&["TERM", "INT"]);
    resume_agent(soak);
    if let Some(end) = stop_with(soak, name) {
        assert_eq!(end.code, Some(0), "{end:?}");
        assert!(end.took < EXIT_TIMEOUT, "{end:?}");
    }
}

pub fn kill(soak: &mut Soak) {
    stop_with(soak, "KILL");
}

/// Runs `--withdraw` as the removal of a package does, and starts the agent again.
pub fn withdraw(soak: &mut Soak) {
    if soak.host.store != Store::Up || !soak.may_restart() {
        return soak.journal.detail("not now");
    }
    resume_agent(soak);
    end_with(soak, "TERM");
    // `--withdraw` keeps this key and does not write it. An agent that ends before it has reached a new
    // xenstored has not written it either.
    let updated = soak.guest.tree().into_keys().filter(|key| key == "data/updated");
    let kept: Vec<String> =
        ["attr/PVAddonsUninstalled".into()].into_iter().chain(updated).collect();
    let end = soak.guest.run(&["--withdraw"]);
    if soak.host.denied.is_empty() && !soak.host.filled {
        assert_eq!(end.code, Some(0), "{end:?}");
        let mut left = soak.guest.tree();
        left.retain(|key, value| !value.is_empty() && !key.starts_with("drivers/"));
        assert_eq!(left.into_keys().collect::<Vec<_>>(), kept);
    }
    start(soak);
}

/// Ends the agent and starts another, unless the part of the soak without restarts has begun.
fn stop_with(soak: &mut Soak, name: &str) -> Option<Finished> {
    if !soak.may_restart() {
        soak.journal.detail("not now");
        return None;
    }
    let end = end_with(soak, name);
    start(soak);
    end
}

fn end_with(soak: &mut Soak, name: &str) -> Option<Finished> {
    soak.stopped = false;
    soak.agent.take().map(|agent| {
        soak.ended.ticks += figures::ticks(agent.pid());
        let end = agent.stop(name);
        soak.ended.log += &end.stderr;
        end
    })
}

/// The bytes that the agent has allocated while it is idle and has few keys to publish: the same state each
/// time.
pub fn idle_heap(soak: &mut Soak) -> Option<i64> {
    network::flush(soak);
    soak.host.needs_reload = true;
    checkpoint::run(soak);
    wait_idle(soak);
    figures::heap(&soak.guest)
}

/// Waits until the agent is idle.
pub fn wait_idle(soak: &Soak) {
    let pid = soak.agent.as_ref().expect("the agent runs").pid();
    let is_idle = || {
        let before = figures::ticks(pid);
        std::thread::sleep(IDLE_TIME);
        figures::ticks(pid) == before
    };
    assert!(wait_for(6 * PATIENCE, is_idle), "the agent does not become idle");
}

/// Fails if the agent has ended without a signal.
pub fn check_alive(soak: &Soak) {
    if let Some(agent) = &soak.agent {
        assert!(figures::is_running(agent.pid()), "the agent has ended by itself");
    }
}
