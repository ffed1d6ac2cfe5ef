//! What the checks are made of: all that was seen, gathered once. Plain types; no I/O.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use collectors::inspect::{Namespaces, Process, ServiceUnit, XenDevice};
use collectors::network::Nic;
use collectors::sys::guest::NotAGuest;
use publishers::Schema;
use publishers::clock::Moment;
use publishers::compare::Comparison;
use publishers::guest_state::{GuestState, Source};

use super::gather::COLLECT_TIMEOUT;

/// What was seen of other processes: by a thread that is not confined.
#[derive(Clone, Debug, Default)]
pub struct Unconfined {
    /// The namespaces of this process.
    pub namespaces: Namespaces,
    /// The agents that run; `None` where that is not known.
    pub processes: Option<Vec<Process>>,
    /// A unit of another agent that systemd has.
    pub other_unit: Option<&'static str>,
    /// The user is root.
    pub is_root: bool,
}

/// All that was seen.
#[derive(Debug)]
pub struct Observation {
    /// Whether this is a guest.
    pub guest: Result<(), NotAGuest>,
    /// Xen's version.
    pub xen_version: Option<String>,
    /// Namespaces and other processes.
    pub unconfined: Unconfined,
    /// The service manager's opinion.
    pub service: ServiceUnit,
    /// The agent that runs has other options than decide here what should be published.
    pub has_other_options: bool,
    /// The schema that the agent publishes in.
    pub schema: Schema,
    /// What was collected.
    pub state: GuestState,
    /// Collectors that `--without` names.
    pub disabled: Vec<Source>,
    /// Other collectors that have not reported.
    pub late_collectors: Vec<&'static str>,
    /// Why not all collectors could be started.
    pub start_error: Option<String>,
    /// The NICs, or why they are not known.
    pub nics: Result<Vec<Nic>, String>,
    /// The devices on Xen's bus.
    pub devices: Vec<XenDevice>,
    /// What the kernel lacks for the confinement; `None` where it is switched off.
    pub missing_confinement: Option<Vec<String>>,
    /// The store, or why it is not known.
    pub store: Result<StoreSeen, NoStore>,
    /// When this was seen.
    pub now: Moment,
}

/// A store that answers.
#[derive(Clone, Debug)]
pub struct StoreSeen {
    /// The device or socket.
    pub path: String,
    /// How long one answer took.
    pub latency: Duration,
    /// Why a watch was refused; `Ok(false)` where the system has none.
    pub watch: Result<bool, String>,
    /// Values of keys that no agent writes, or that only other agents do.
    pub keys: BTreeMap<&'static str, String>,
    /// What an agent would change.
    pub comparison: Comparison,
    /// Paths of these changes that the host does not let the guest make.
    pub denied: BTreeSet<String>,
    /// Virtual disks that are CD drives, of those without a driver.
    pub cd_drives: BTreeSet<u32>,
    /// How many nodes the guest owns, where that was counted.
    pub owned: Option<usize>,
}

/// Why there is no store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoStore {
    /// There is no device.
    Missing(Device),
    /// The device or socket that may not be opened.
    Denied(String),
    /// The device or socket that did not answer within this time.
    Silent(String, Duration),
    /// Another error.
    Failed(String),
    /// It was not tried: the guest has none yet.
    NotTried,
}

/// What the kernel has instead of a device in `/dev`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// The device, but `/dev` does not show it.
    Hidden,
    /// The file system of `/proc/xen`, which is not mounted.
    Xenfs,
    /// A module that is not loaded, it seems.
    Unloaded,
    /// Nothing that is known.
    Nothing,
}

/// The name of the agent's own process and service.
pub const AGENT: &str = "xen-guest-agent";

/// The name of a collector on the command line.
pub fn name_of(source: Source) -> &'static str {
    let all = Source::COLLECTORS.iter();
    all.clone().find(|(_, one)| *one == source).map_or("", |(name, _)| *name)
}

impl Observation {
    /// The processes of this name.
    pub fn processes(&self, name: &str) -> Vec<&Process> {
        let all = self.unconfined.processes.iter().flatten();
        all.filter(|process| process.name == name).collect()
    }

    /// The agent that runs.
    pub fn agent(&self) -> Option<&Process> {
        self.processes(AGENT).first().copied()
    }

    /// Why nothing is known of what this collector collects; `None` if it has reported.
    pub fn not_collected(&self, source: Source) -> Option<String> {
        let name = name_of(source);
        if self.disabled.contains(&source) {
            return Some(format!("left out by --without {name}"));
        }
        self.late_collectors.contains(&name).then(|| self.why_late())
    }

    /// Why collectors have not reported.
    pub fn why_late(&self) -> String {
        match &self.start_error {
            Some(error) => format!("not collected (cannot be started: {error})"),
            None => format!("not collected within {} s", COLLECT_TIMEOUT.as_secs()),
        }
    }

    /// A published value.
    pub fn published(&self, path: &str) -> Option<&str> {
        self.store.as_ref().ok()?.comparison.published.get(path)
    }

    /// The value of a key that no agent of ours writes.
    pub fn key(&self, path: &str) -> Option<&str> {
        self.store.as_ref().ok()?.keys.get(path).map(String::as_str)
    }
}
