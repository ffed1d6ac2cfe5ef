//! All that can happen to a guest, how often, and how many lines of the log it may cost.

use crate::soak::Soak;
use crate::{foreign, host, network, process, system, volumes};

struct Deed {
    name: &'static str,
    weight: u64,
    lines: usize,
    act: fn(&mut Soak),
}

const fn deed(name: &'static str, weight: u64, lines: usize, act: fn(&mut Soak)) -> Deed {
    Deed { name, weight, lines, act }
}

const DEEDS: &[Deed] = &[
    deed("addresses", 300, 0, network::addresses),
    deed("link down or up", 40, 0, network::down_or_up),
    deed("link renamed", 25, 0, network::rename),
    deed("link removed", 25, 0, network::remove),
    deed("link added", 50, 0, network::add),
    deed("MAC changed", 30, 0, network::change_mac),
    deed("bridge, macvlan", 90, 0, network::uppers),
    deed("default route", 40, 0, network::route),
    deed("host name", 40, 0, system::host_name),
    deed("hosts file", 15, 0, system::hosts),
    deed("os-release", 40, 0, system::release),
    deed("memory", 60, 0, system::memory),
    deed("meminfo broken", 10, 2, system::break_memory),
    deed("reboot required", 30, 0, system::reboot),
    deed("driver", 30, 0, system::driver),
    deed("mount", 40, 0, volumes::mount),
    deed("unmount", 25, 0, volumes::unmount),
    deed("swap", 15, 0, volumes::swap),
    deed("disk filled", 30, 0, volumes::fill),
    deed("SR-IOV function", 40, 0, host::function),
    deed("xenstored killed", 6, 7, host::kill),
    deed("xenstored started", 12, 0, host::start),
    deed("xenstored restarted", 5, 7, host::restart),
    deed("xenstored restarted with old keys", 5, 7, host::restart_with_old),
    deed("xenstored stalled", 10, 0, host::stall),
    deed("xenstored goes on", 20, 0, host::go_on),
    deed("resume", 8, 3, host::rebuild),
    deed("store filled", 10, 2, host::fill),
    deed("room made", 15, 1, host::relieve),
    deed("permission denied", 25, 0, host::deny),
    deed("permission given", 15, 0, host::allow),
    deed("foreign keys", 30, 0, foreign::keys),
    deed("foreign driver", 15, 0, foreign::driver),
    deed("SIGHUP", 20, 0, process::reload),
    deed("SIGSTOP", 10, 0, process::stop),
    deed("SIGCONT", 20, 0, process::go_on),
    deed("SIGTERM, started again", 6, 4, process::end),
    deed("withdrawn, started again", 5, 4, process::withdraw),
    deed("kill -9, started again", 8, 3, process::kill),
];

/// Does one of them.
pub fn do_one(soak: &mut Soak) {
    let mut at = soak.random.below(DEEDS.iter().map(|deed| deed.weight).sum());
    let chosen = DEEDS.iter().find(|deed| {
        let is_it = at < deed.weight;
        at = at.wrapping_sub(deed.weight);
        is_it
    });
    let deed = chosen.expect("the weights have a sum");
    soak.journal.begin(deed.name);
    soak.journal.lines_allowed += deed.lines;
    (deed.act)(soak);
    process::check_alive(soak);
}
