//! The actions, how often each is done, and how many log lines it may cause.

use crate::soak::Soak;
use crate::{foreign, host, network, process, system, volumes};

struct Action {
    name: &'static str,
    weight: u64,
    lines: usize,
    act: fn(&mut Soak),
}

const fn action(name: &'static str, weight: u64, lines: usize, act: fn(&mut Soak)) -> Action {
    Action { name, weight, lines, act }
}

const ACTIONS: &[Action] = &[
    action("addresses", 300, 0, network::addresses),
    action("link down or up", 40, 0, network::down_or_up),
    action("link renamed", 25, 0, network::rename),
    action("link removed", 25, 0, network::remove),
    action("link added", 50, 0, network::add),
    action("MAC changed", 30, 0, network::change_mac),
    action("bridge, macvlan", 90, 0, network::uppers),
    action("default route", 40, 0, network::route),
    action("host name", 40, 0, system::host_name),
    action("hosts file", 15, 0, system::hosts),
    action("os-release", 40, 0, system::release),
    action("memory", 60, 0, system::memory),
    action("meminfo broken", 10, 2, system::break_meminfo),
    action("reboot required", 30, 0, system::reboot),
    action("driver", 30, 0, system::driver),
    action("mount", 40, 0, volumes::mount),
    action("unmount", 25, 0, volumes::unmount),
    action("swap", 15, 0, volumes::swap),
    action("disk filled", 30, 0, volumes::fill),
    action("SR-IOV VF", 40, 0, host::vf),
    action("xenstored killed", 6, 7, host::kill),
    action("xenstored started", 12, 0, host::start),
    action("xenstored restarted", 5, 7, host::restart),
    action("xenstored restarted with old keys", 5, 7, host::restart_with_old),
    action("xenstored stalled", 10, 0, host::stall),
    action("xenstored continued", 20, 0, host::resume_xenstored),
    action("resume", 8, 3, host::recreate_tree),
    action("quota used up", 10, 2, host::use_up_quota),
    action("quota freed", 15, 1, host::free_quota),
    action("permission denied", 25, 0, host::deny),
    action("permission given", 15, 0, host::allow),
    action("foreign keys", 30, 0, foreign::keys),
    action("foreign driver", 15, 0, foreign::driver),
    action("SIGHUP", 20, 0, process::reload),
    action("SIGSTOP", 10, 0, process::stop),
    action("SIGCONT", 20, 0, process::resume_agent),
    action("SIGTERM, started again", 6, 4, process::end),
    action("withdrawn, started again", 5, 4, process::withdraw),
    action("kill -9, started again", 8, 3, process::kill),
];

/// Does a random action.
pub fn do_one(soak: &mut Soak) {
    let mut at = soak.random.below(ACTIONS.iter().map(|action| action.weight).sum());
    let chosen = ACTIONS.iter().find(|action| {
        let is_chosen = at < action.weight;
        at = at.wrapping_sub(action.weight);
        is_chosen
    });
    let action = chosen.expect("the weights have a sum");
    soak.journal.begin(action.name);
    soak.journal.lines_allowed += action.lines;
    (action.act)(soak);
    process::check_alive(soak);
}
