//! Actions on the host's xenstored: it is killed, stalled and restarted, its quota is used up, it denies nodes.

use crate::soak::Soak;
use std::collections::BTreeMap;

pub const HOME: &str = "/local/domain/1";
const FILLER: &str = "/local/domain/1/data/filler";

#[derive(Clone, Copy, PartialEq)]
pub enum Store {
    Up,
    Stalled,
    Down,
}

/// The present state of the host's xenstored.
pub struct Host {
    pub store: Store,
    /// The MAC of each VF that is plugged in.
    pub vfs: BTreeMap<u32, String>,
    /// Lines of other programs in `drivers`.
    pub drivers: BTreeMap<u32, String>,
    /// The nodes that the guest may not write.
    pub denied: Vec<&'static str>,
    pub filled: bool,
    /// Something changed in xenstore that the agent reads only on a reload.
    pub needs_reload: bool,
}

impl Host {
    /// A new xenstored with the tree of a new guest.
    pub fn new() -> Host {
        Host {
            store: Store::Up,
            vfs: BTreeMap::new(),
            drivers: BTreeMap::new(),
            denied: Vec::new(),
            filled: false,
            needs_reload: false,
        }
    }
}

/// One of the MACs of a NIC. It is made with the first.
pub fn mac(number: u32, which: u64) -> String {
    format!("00:16:3e:0{which}:00:{number:02x}")
}

/// Whether xenstored answers. If not, the action does nothing.
pub fn is_up(soak: &mut Soak) -> bool {
    let is_up = soak.host.store == Store::Up;
    if !is_up {
        soak.journal.detail("not now");
    }
    is_up
}

pub fn vf(soak: &mut Soak) {
    if !is_up(soak) {
        return;
    }
    let id = soak.random.below(4) as u32;
    if soak.host.vfs.remove(&id).is_some() {
        soak.journal.detail(&format!("{id} unplugged"));
        return soak.guest.unplug_vf(id);
    }
    let macs =
        [mac(7, 0), mac(7, 1).to_uppercase(), mac(8, 0), mac(8, 1), mac(0, 0), "none".into()];
    let mac = soak.random.pick(&macs).clone();
    soak.journal.detail(&format!("{id} {mac}"));
    soak.guest.plug_vf(id, &mac);
    soak.host.vfs.insert(id, mac);
}

pub fn kill(soak: &mut Soak) {
    if soak.host.store != Store::Down {
        soak.guest.kill_xenstored();
        soak.host.store = Store::Down;
        soak.sometimes_sleep();
    }
}

pub fn start(soak: &mut Soak) {
    if soak.host.store == Store::Down {
        soak.guest.start_xenstored();
        soak.host = Host::new();
    }
}

pub fn restart(soak: &mut Soak) {
    kill(soak);
    start(soak);
}

/// Restarts xenstored with all keys that it had, as one does that saves its state.
pub fn restart_with_old(soak: &mut Soak) {
    if !is_up(soak) {
        return;
    }
    free_quota(soak);
    let (keys, vfs) = (soak.guest.keys(), soak.host.vfs.clone());
    let drivers = soak.host.drivers.clone();
    kill(soak);
    soak.guest.start_xenstored_with(&keys);
    soak.host = Host { vfs, drivers, ..Host::new() };
}

pub fn stall(soak: &mut Soak) {
    if is_up(soak) {
        soak.guest.stall_xenstored();
        soak.host.store = Store::Stalled;
        soak.sometimes_sleep();
    }
}

pub fn resume_xenstored(soak: &mut Soak) {
    if soak.host.store == Store::Stalled {
        soak.guest.resume_xenstored();
        soak.host.store = Store::Up;
    }
}

/// A resume: the guest's tree is made again.
pub fn recreate_tree(soak: &mut Soak) {
    if is_up(soak) {
        soak.guest.recreate_tree();
        soak.host = Host::new();
    }
}

/// Another program uses up the quota, or most of it.
pub fn use_up_quota(soak: &mut Soak) {
    if !is_up(soak) {
        return;
    }
    let most = soak.random.between(700, 1024);
    soak.journal.detail(&most.to_string());
    soak.guest.as_host(|store| {
        let made = |n| store.mkdir(&format!("{FILLER}/{}/{n}", n % 32), &["n1"]);
        (0..most).map(made).find(Result::is_err)
    });
    soak.host.filled = true;
    // The agent tries again after a day, or when it is reloaded.
    soak.host.needs_reload = true;
}

pub fn free_quota(soak: &mut Soak) {
    if is_up(soak) {
        let _ = soak.guest.as_host(|store| store.rm(FILLER));
        soak.host.filled = false;
    }
}

const DENIABLE: [&str; 14] = [
    "attr",
    "attr/PVAddons",
    "attr/vif",
    "attr/vif/0",
    "attr/vif/1/ipv4",
    "attr/vif/2/ipv6/0",
    "control",
    "control/feature-balloon",
    "data",
    "data/os_name",
    "data/volumes",
    "drivers",
    "feature",
    "xenserver/attr",
];

/// Makes a node dom0's, readable for the guest or not.
pub fn deny(soak: &mut Soak) {
    if !is_up(soak) {
        return;
    }
    let node = *soak.random.pick(&DENIABLE);
    let perms = *soak.random.pick(&[&["n0", "r1"][..], &["n0"]]);
    soak.journal.detail(&format!("{node} {}", perms.join(" ")));
    if soak.guest.as_host(|store| store.set_perms(&format!("{HOME}/{node}"), perms)).is_ok() {
        soak.host.denied.push(node);
    }
}

/// Makes all denied nodes the guest's again.
pub fn allow(soak: &mut Soak) {
    if !is_up(soak) || soak.host.denied.is_empty() {
        return;
    }
    for node in std::mem::take(&mut soak.host.denied) {
        let _ = soak.guest.as_host(|store| store.set_perms(&format!("{HOME}/{node}"), &["n1"]));
    }
    soak.host.needs_reload = true;
}
