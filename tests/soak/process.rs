//! What happens to the agent's process: signals of all sorts, its end and its next start.

use crate::harness::{Agent, Finished, PATIENCE, wait_for};
use crate::host::Store;
use crate::soak::Soak;
use crate::{checkpoint, figures, network};
use std::time::Duration;

/// Much more than the second that the agent has, as the machine may be busy.
const LONGEST_END: Duration = Duration::from_secs(5);
/// How long without processor time is rest; it samples every second.
const REST: Duration = Duration::from_millis(500);

/// Starts an agent; it refuses, at once, while there is no store.
pub fn start(soak: &mut Soak) {
    let arguments = ["-s", "--memory-interval", "1", "--disk-interval", "1"];
    if soak.host.store == Store::Down {
        let end = soak.guest.run(&arguments);
        assert_eq!(end.code, Some(1), "{end:?}");
        assert!(end.stderr.starts_with("error: ") && end.stderr.lines().count() == 1, "{end:?}");
    } else {
        let mut command = soak.guest.command(&arguments);
        figures::count_live(&soak.guest, &mut command);
        let agent = Agent::spawn(command);
        // Before, a reload would end it.
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
    soak.lasts();
}

pub fn go_on(soak: &mut Soak) {
    signal(soak, "CONT");
    soak.stopped = false;
}

pub fn end(soak: &mut Soak) {
    let name = *soak.random.pick(&["TERM", "INT"]);
    go_on(soak);
    if let Some(end) = stop_with(soak, name) {
        assert_eq!(end.code, Some(0), "{end:?}");
        assert!(end.took < LONGEST_END, "{end:?}");
    }
}

pub fn kill(soak: &mut Soak) {
    stop_with(soak, "KILL");
}

/// The package is removed, and installed again.
pub fn withdraw(soak: &mut Soak) {
    if soak.host.store != Store::Up || !soak.may_restart() {
        return soak.journal.detail("not now");
    }
    go_on(soak);
    end_with(soak, "TERM");
    let end = soak.guest.run(&["--withdraw"]);
    if soak.host.denied.is_empty() && !soak.host.filled {
        assert_eq!(end.code, Some(0), "{end:?}");
        let mut left = soak.guest.tree();
        left.retain(|key, value| !value.is_empty() && !key.starts_with("drivers/"));
        assert_eq!(left.keys().collect::<Vec<_>>(), ["attr/PVAddonsUninstalled", "data/updated"]);
    }
    start(soak);
}

/// Ends the agent and starts another, in the part of the soak in which that is done.
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

/// The bytes that it has allocated with hardly anything to tell, always the same.
pub fn least_live(soak: &mut Soak) -> i64 {
    network::flush(soak);
    soak.host.needs_reload = true;
    checkpoint::settle(soak);
    wait_at_rest(soak);
    figures::live(&soak.guest)
}

/// Waits until it has nothing to do.
pub fn wait_at_rest(soak: &Soak) {
    let pid = soak.agent.as_ref().expect("it runs").pid();
    let is_at_rest = || {
        let before = figures::ticks(pid);
        std::thread::sleep(REST);
        figures::ticks(pid) == before
    };
    assert!(wait_for(6 * PATIENCE, is_at_rest), "it does not come to rest");
}

/// Fails when the agent has ended unasked.
pub fn check_alive(soak: &Soak) {
    if let Some(agent) = &soak.agent {
        assert!(figures::is_running(agent.pid()), "the agent has ended by itself");
    }
}
