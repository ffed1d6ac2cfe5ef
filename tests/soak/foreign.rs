//! Writes of other programs in the guest below the agent's nodes. A reload corrects the agent's keys and
//! keeps the other programs' keys.

use crate::host::is_up;
use crate::soak::Soak;

/// Another program writes or removes a key of the agent's.
pub fn keys(soak: &mut Soak) {
    if !is_up(soak) {
        return;
    }
    let (vif, n) = (soak.random.below(5), soak.random.below(6));
    let writes = [
        (format!("attr/vif/{vif}/ipv4/{n}"), "10.9.9.9"),
        (format!("attr/vif/{vif}/ipv6/{n}"), ""),
        (format!("attr/vif/{vif}/ipv4/x"), "junk"),
        (format!("attr/vif/{vif}/a/b/c/d/e/f/g/h"), "deep"),
        (format!("xenserver/attr/net-sriov-vf/{vif}/ipv4/{n}"), "10.9.9.9"),
        (format!("data/volumes/{n}/name"), "/dev/none"),
        (format!("drivers/{n}"), "Linux other 1 "),
        ("data/os_name".into(), "Windows"),
        ("data/meminfo_free".into(), "much"),
        ("data/net/2".into(), "eth9"),
        ("attr/PVAddonsUninstalled".into(), "1"),
    ];
    let removals = [
        format!("attr/vif/{vif}"),
        format!("attr/vif/{vif}/ipv4/{n}"),
        format!("data/volumes/{n}"),
        "attr/PVAddons".into(),
        "data/service/xen-guest-agent".into(),
        "data/updated".into(),
        "feature/hotplug".into(),
    ];
    let (write, removal) = (soak.random.pick(&writes), soak.random.pick(&removals));
    soak.journal.detail(&format!("{} = {:?}, rm {removal}", write.0, write.1));
    soak.guest.as_guest(|store| {
        let _ = store.write(&write.0, write.1);
        let _ = store.rm(removal);
    });
    soak.host.needs_reload = true;
}

/// Another program writes or removes a line of its own in `drivers`, which the agent must keep.
pub fn driver(soak: &mut Soak) {
    if !is_up(soak) {
        return;
    }
    let n = soak.random.between(100, 104) as u32;
    let (key, line) = (format!("drivers/{n}"), format!("ACME disk {n} "));
    if soak.host.drivers.contains_key(&n) {
        if soak.guest.as_guest(|store| store.rm(&key)).is_ok() {
            soak.host.drivers.remove(&n);
        }
    } else if soak.guest.as_guest(|store| store.write(&key, &line)).is_ok() {
        soak.host.drivers.insert(n, line);
    }
}
