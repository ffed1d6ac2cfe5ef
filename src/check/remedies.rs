//! What to type, for the service manager that is there. Pure.

use collectors::inspect::Manager;

use super::observation::{AGENT, NoStore, Observation};

/// Starts the agent; also at the next boot, where that is not so yet.
pub fn start(seen: &Observation) -> Option<String> {
    let is_enabled = seen.service.is_enabled != Some(false);
    Some(match (seen.service.manager, is_enabled) {
        _ if !seen.service.is_installed && !seen.service.is_masked => return None,
        (Manager::Systemd, _) if seen.service.is_masked => {
            format!("systemctl unmask {AGENT} && systemctl enable --now {AGENT}")
        }
        (Manager::Systemd, true) => format!("systemctl start {AGENT}"),
        (Manager::Systemd, false) => format!("systemctl enable --now {AGENT}"),
        (Manager::OpenRc, true) => format!("rc-service {AGENT} start"),
        (Manager::OpenRc, false) => format!("rc-update add {AGENT} && rc-service {AGENT} start"),
        (Manager::Sysv, _) => format!("service {AGENT} start"),
        (Manager::RcD, _) => "service xen_guest_agent start".into(),
        (Manager::Unknown, _) => return None,
    })
}

/// Starts it at boot.
pub fn enable(seen: &Observation) -> Option<String> {
    match seen.service.manager {
        Manager::Systemd => Some(format!("systemctl enable {AGENT}")),
        Manager::OpenRc => Some(format!("rc-update add {AGENT}")),
        _ => None,
    }
}

/// Ends it and starts it again.
pub fn restart(seen: &Observation) -> Option<String> {
    match seen.service.manager {
        Manager::Systemd => Some(format!("systemctl restart {AGENT}")),
        Manager::OpenRc => Some(format!("rc-service {AGENT} restart")),
        Manager::Sysv => Some(format!("service {AGENT} restart")),
        Manager::RcD => Some("service xen_guest_agent restart".into()),
        Manager::Unknown => None,
    }
}

/// Has the agent that runs correct the store, or starts one.
pub fn publish(seen: &Observation) -> Option<String> {
    match (seen.agent(), &seen.store) {
        (_, Err(NoStore::Denied(_))) => None,
        (Some(_), _) if seen.has_other_options => None,
        (Some(agent), _) => Some(format!("kill -HUP {}", agent.pid)),
        (None, _) => start(seen),
    }
}

/// Shows its log.
pub fn log(seen: &Observation) -> Option<String> {
    match seen.service.manager {
        Manager::Systemd => Some(format!("journalctl -u {AGENT}")),
        _ => None,
    }
}

/// Ends another agent for good.
pub fn stop_other(seen: &Observation, pid: u32) -> String {
    match seen.unconfined.other_unit {
        Some(unit) => format!("systemctl disable --now {unit}"),
        None => format!("kill {pid}"),
    }
}
