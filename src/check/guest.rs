//! `guest`, `namespace` and `store`: is there a host, is this process where it can see the guest, and does the
//! store answer. Pure.

use std::convert::Infallible;

use collectors::sys::guest::NotAGuest;
use publishers::host::Host;

use super::finding::Finding;
use super::gather::{COLLECT_TIMEOUT, STORE_TIMEOUT};
use super::observation::{Device, NoStore, Observation, StoreSeen};

/// A guest of which Xen, and on which kind of host.
pub fn guest(seen: &Observation) -> Vec<Finding> {
    let finding = |finding: Finding| vec![finding];
    match &seen.guest {
        Err(NotAGuest::NotXen(_)) => {
            return finding(Finding::skip("guest", "not a guest of Xen, nothing to do"));
        }
        Err(NotAGuest::Dom0(_)) => {
            return finding(Finding::skip("guest", "dom0, which has no host: nothing to do"));
        }
        Err(NotAGuest::NoXenstoreYet(why)) => {
            let message = format!("dom0 has given this guest no xenstore yet ({why})");
            return finding(Finding::warn("guest", message));
        }
        Ok(()) => {}
    }
    let mut message = "a guest of Xen".to_owned();
    if let Some(version) = &seen.xen_version {
        message += &format!(" {version}");
    }
    if let Some(domain) = seen.key("domid") {
        message += &format!(", domain {domain}");
    }
    if seen.store.is_ok() {
        let Ok(host) = Host::detect(|key| Ok::<_, Infallible>(seen.key(key).is_some()));
        message += match host {
            Host::Xapi => ", on an XAPI host",
            Host::OpenXt => ", on an OpenXT host",
            Host::Libxl => {
                ", on a libxl host: nothing there reads the keys but xenstore-ls and xen-guests"
            }
        };
    }
    finding(Finding::ok("guest", message))
}

/// Whether this process sees the guest and not a container in it.
pub fn namespace(seen: &Observation) -> Vec<Finding> {
    let namespaces = seen.unconfined.namespaces;
    let known = [namespaces.has_own_network, namespaces.has_own_root, namespaces.has_own_processes];
    if known.iter().all(Option::is_none) {
        return vec![Finding::skip("namespace", "the namespaces of process 1 cannot be read")];
    }
    let is = |own: Option<bool>| own == Some(true);
    if is(namespaces.has_own_network) {
        let message =
            "not the system's network: run it outside of the container, or with the host's network";
        return vec![Finding::fail("namespace", message)];
    }
    let nics = seen.nics.as_deref().unwrap_or_default();
    let is_elsewhere = |id: &u32| nics.iter().all(|nic| nic.vif != Some(*id));
    let vifs = seen.devices.iter().filter(|device| device.kind == "vif" && device.is_driven);
    let elsewhere: Vec<u32> = vifs.map(|device| device.id).filter(is_elsewhere).collect();
    if let (Ok(_), Some(id)) = (&seen.nics, elsewhere.first()) {
        let message =
            format!("vif {id} is in another network namespace: its addresses cannot be seen here");
        return vec![Finding::fail("namespace", message)];
    }
    if is(namespaces.has_own_root) {
        let message = "not the system's files: /etc/os-release and mounts are a container's";
        return vec![Finding::fail("namespace", message)];
    }
    if is(namespaces.has_own_processes) {
        let message =
            "a container: /etc/os-release and mounts may be its own, other agents are not seen";
        return vec![Finding::warn("namespace", message)];
    }
    vec![Finding::ok("namespace", "network, mounts and /etc/os-release are the system's own")]
}

/// Whether the store answers, and says when the guest is resumed.
pub fn store(seen: &Observation) -> Vec<Finding> {
    vec![match &seen.store {
        Ok(store) => answering(store),
        Err(NoStore::NotTried) => return Vec::new(),
        Err(NoStore::Missing(device)) => missing(*device),
        Err(NoStore::Denied(path)) => {
            let fix = (!seen.unconfined.is_root).then(|| "sudo xen-guest-agent --check".into());
            Finding::fail("store", format!("{path} cannot be opened: permission denied")).fix(fix)
        }
        Err(NoStore::Silent(path, time)) => {
            // A slow host may need more than a short `--wait`.
            let is_long = [COLLECT_TIMEOUT, STORE_TIMEOUT].contains(time);
            let hangs = if is_long { ": the host's xenstored hangs" } else { "" };
            let message = format!("{path} does not answer within {} s{hangs}", time.as_secs());
            Finding::fail("store", message)
        }
        Err(NoStore::Failed(error)) => Finding::fail("store", error.clone()),
    }]
}

fn answering(store: &StoreSeen) -> Finding {
    let tenths = (store.latency.as_micros() + 50) / 100;
    let answers = format!("{} answers in {}.{} ms", store.path, tenths / 10, tenths % 10);
    match &store.watch {
        Ok(true) => Finding::ok("store", answers),
        Ok(false) => Finding::ok("store", format!("{answers}; this system has no watches")),
        Err(error) => {
            let message = format!(
                "{answers}, but takes no watch ({error}): a restore or a migration is noticed within a minute"
            );
            Finding::warn("store", message)
        }
    }
}

fn missing(device: Device) -> Finding {
    let path = xenstore::DEVICE;
    let not_there = Finding::fail("store", format!("{path} is not there"));
    match device {
        Device::Hidden => {
            let message =
                format!("the kernel has {path}, /dev does not: a container without the device?");
            Finding::fail("store", message)
        }
        Device::Xenfs => not_there.fix("mount -t xenfs xenfs /proc/xen".to_owned()),
        Device::Unloaded => not_there
            .fix("modprobe -a xen_evtchn xenfs && mount -t xenfs xenfs /proc/xen".to_owned()),
        Device::Nothing => not_there,
    }
}
