//! Tables for each check: a healthy guest with one thing broken, and the one line that says so.

mod agents;
mod host;
mod keys;

use std::collections::{BTreeMap, BTreeSet};

use collectors::inspect::{Manager, Namespaces, Process, ServiceUnit, XenDevice};
use collectors::network::Nic;
use collectors::sys::guest::NotAGuest;
use facts::{Address, AddressPreference, Driver, Drivers, Link, Memory, Network, Service, SriovVf};
use publishers::Schema;
use publishers::clock::Moment;
use publishers::compare::Comparison;
use publishers::diff::Change;
use publishers::guest_state::{GuestState, Source};

use super::observation::{AGENT, Device, NoStore, StoreSeen};
use super::*;

/// A guest with one VIF and an agent that has published.
fn guest() -> Observation {
    let mut seen = Observation::healthy();
    let address = |ip: &str| Address {
        ip: ip.parse().unwrap(),
        prefix: 24,
        preference: AddressPreference::default(),
    };
    let link = Link {
        index: 2,
        name: "enX0".into(),
        mac: None,
        vif: Some(0),
        addresses: vec![address("192.0.2.2")],
        perm_mac: None,
        upper_addresses: Vec::new(),
    };
    seen.nics = Ok(vec![nic("enX0", Some(0))]);
    seen.state.network = Some(Network { links: vec![link], lacks_vif: false });
    seen.state.service = Some(Service { boot_id: Some("b".into()), reboot_required: false });
    seen.state.memory = Some(Memory { total: 1, available: 1, balloon: true });
    let driver = Driver { vendor: "Linux", name: "xen-netfront".into(), version: "6.1".into() };
    seen.state.drivers = Some(Drivers { in_use: vec![driver], vif: true, vbd: true });
    for (path, value) in [
        ("attr/PVAddons/MajorVersion", "1"),
        ("attr/PVAddons/MinorVersion", "0"),
        ("attr/PVAddons/MicroVersion", "0"),
        ("attr/vif/0/ipv4/0", "192.0.2.2"),
        ("attr/vif/0/ipv4/0/prefix", "24"),
        ("data/os_name", "Plan 9"),
        ("data/service/xen-guest-agent/boot-id", "b"),
        ("data/service/xen-guest-agent/version", env!("CARGO_PKG_VERSION")),
        ("data/updated", "2026-11-30T00:00:00Z"),
    ] {
        publish(&mut seen, path, value);
    }
    seen.now.unix = 1_796_000_000 - 1_796_000_000 % 86_400;
    seen
}

fn nic(name: &str, vif: Option<u32>) -> Nic {
    Nic { index: 2, name: name.into(), vif, is_up: true, ..Nic::default() }
}

fn publish(seen: &mut Observation, path: &str, value: &str) {
    let comparison = &mut seen.store_mut().comparison;
    comparison.published.set(path, value);
    comparison.wanted.set(path, value);
}

/// The store lacks a key.
fn lacks(seen: &mut Observation, path: &str) {
    let comparison = &mut seen.store_mut().comparison;
    let value = comparison.published.get(path).unwrap_or("1").to_owned();
    comparison.wanted.set(path, &value);
    comparison.published.remove(path);
    comparison.changes.push(Change::Write(path.into(), value));
}

fn lacks_all(seen: &mut Observation) {
    let paths = seen.store_mut().comparison.published.clone();
    paths.iter().for_each(|(path, _)| lacks(seen, path));
}

fn nic_of(seen: &mut Observation) -> &mut Nic {
    &mut seen.nics.as_mut().unwrap()[0]
}

fn no_address(seen: &mut Observation) {
    seen.state.network.as_mut().unwrap().links[0].addresses.clear();
    seen.store_mut().comparison.published.remove("attr/vif/0");
}

fn systemd(is_enabled: bool, is_active: bool) -> ServiceUnit {
    ServiceUnit {
        manager: Manager::Systemd,
        is_installed: true,
        is_enabled: Some(is_enabled),
        is_masked: false,
        is_active: Some(is_active),
    }
}

fn stopped(seen: &mut Observation) {
    seen.unconfined.processes = Some(Vec::new());
}

fn process(pid: u32, name: &str) -> Process {
    Process { pid, name: name.into(), ..Process::default() }
}

/// All lines but those that say ok.
fn said(seen: &Observation) -> Vec<String> {
    let findings: Vec<Finding> = findings(seen)
        .into_iter()
        .filter(|finding| finding.result != CheckResult::Ok)
        .map(|finding| Finding { fix: finding.fix.map(|fix| format!("  {fix}")), ..finding })
        .collect();
    let lines =
        findings.iter().map(|finding| report::text(std::slice::from_ref(finding), false, false));
    lines.map(|line| line.trim_end().replace("    ", "  # ")).collect()
}

/// What breaks a guest, and the lines that say so.
type Case = (fn(&mut Observation), &'static [&'static str]);

fn assert_says(cases: &[Case]) {
    for (number, (break_it, lines)) in cases.iter().enumerate() {
        let mut seen = guest();
        break_it(&mut seen);
        assert_eq!(said(&seen), *lines, "case {number}");
    }
}

#[test]
fn healthy_guest_gives_ten_lines_that_say_ok() {
    let text = report::text(&findings(&guest()), false, true);
    let expected = "\
ok    guest: a guest of Xen 4.17, domain 7, on an XAPI host
ok    namespace: network, mounts and /etc/os-release are the system's own
ok    store: /dev/xen/xenbus answers in 0.1 ms
ok    agent: version 1.0.0 runs as process 321
ok    others: no other agent runs or has left keys
ok    nic/enX0: vif 0 has 192.0.2.2/24, and so has the store
ok    facts: 1 key in the store, none differs
ok    host: takes all keys; the last change was 0 s ago
ok    confinement: capabilities, Landlock and seccomp
ok    drivers: xen-netfront
10 ok, 0 warnings, 0 failures
";
    assert_eq!(text, expected);
}

impl Observation {
    /// A healthy guest: tests break one thing of it.
    pub fn healthy() -> Self {
        let store = StoreSeen {
            path: "/dev/xen/xenbus".into(),
            latency: Duration::from_micros(120),
            watch: Ok(true),
            keys: BTreeMap::from([("domid", "7".into()), ("unique-domain-id", "x".into())]),
            comparison: Comparison::default(),
            denied: BTreeSet::new(),
            cd_drives: BTreeSet::new(),
            owned: None,
        };
        let agent = Process { pid: 321, name: AGENT.into(), ..Process::default() };
        let namespaces = Namespaces {
            has_own_network: Some(false),
            has_own_root: Some(false),
            has_own_processes: Some(false),
        };
        let processes = Some(vec![agent]);
        Self {
            guest: Ok(()),
            xen_version: Some("4.17".into()),
            unconfined: Unconfined { namespaces, processes, other_unit: None, is_root: true },
            service: ServiceUnit::default(),
            has_other_options: false,
            schema: Schema::Std,
            state: GuestState::default(),
            disabled: Vec::new(),
            late_collectors: Vec::new(),
            start_error: None,
            nics: Ok(Vec::new()),
            devices: Vec::new(),
            missing_confinement: Some(Vec::new()),
            store: Ok(store),
            now: Moment { unix: 1_796_000_000, uptime: 1_000 },
        }
    }

    /// The store, to break something in it.
    pub fn store_mut(&mut self) -> &mut StoreSeen {
        self.store.as_mut().unwrap()
    }
}
