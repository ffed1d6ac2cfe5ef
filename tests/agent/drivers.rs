//! drivers/$N and feature/hotplug: the drivers of Xen's devices, as the machine's /sys shows them.

use super::harness::{DOORBELL, Guest};

fn drivers(guest: &Guest) -> Vec<String> {
    let names = guest.values("drivers").into_iter();
    names.map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect()
}

// XAPI watches `feature`, so `drivers`, which it reads then, is written before.
#[test]
fn reload_after_a_new_driver_writes_drivers_and_hotplug() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    guest.driver("vbd", "xen_blkfront", &["vbd-51712"]);
    let mark = guest.mark();
    agent.signal("HUP");
    guest.batch_since(mark);
    let changes = guest.changes_since(mark);
    let written = |key: &str| changes.iter().position(|change| change.starts_with(key));
    let line = written("write drivers/2 = Linux xen-blkfront ");
    assert!(line.is_some() && line < written("write feature/hotplug/vbd = 1"), "{changes:?}");
    assert_eq!(drivers(&guest), ["xen-balloon", "xen-netfront", "xen-blkfront"]);
}

// Some kernels have no link to the module of a driver that is built in.
#[test]
fn built_in_drivers_without_module_have_the_names_of_the_modules() {
    let guest = Guest::new();
    guest.sh("rm /sys/bus/xen/drivers/vif/module");
    guest.built_in_driver("vbd", "vbd-51712");
    guest.built_in_driver("other", "other-0");
    let _agent = guest.published(&[]);
    assert_eq!(drivers(&guest), ["other", "xen-balloon", "xen-blkfront", "xen-netfront"]);
}

// A driver without devices is ready for hot-plug. The value `0` would forbid it.
#[test]
fn driver_without_devices_keeps_hotplug() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    guest.sh("rm /sys/bus/xen/drivers/vif/vif-0");
    agent.signal("HUP");
    guest.wait_gone("drivers/1");
    guest.wait_value("feature/hotplug/vif", "1");
    guest.sh("rm -r /sys/bus/xen/drivers/vif");
    agent.signal("HUP");
    guest.wait_gone("feature/hotplug/vif");
    assert_eq!(drivers(&guest), ["xen-balloon"]);
}

// XAPI does not watch `drivers`.
#[test]
fn change_of_drivers_alone_writes_the_doorbell() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    guest.driver("vkbd", "xen_kbdfront", &["vkbd-0"]);
    let mark = guest.mark();
    agent.signal("HUP");
    guest.batch_since(mark);
    let changes = guest.changes_after_doorbell(mark);
    assert!(changes[0].starts_with("write drivers/2 = Linux xen-kbdfront "), "{changes:?}");
    assert_eq!(changes[1..], [DOORBELL, "write data/updated"]);
}

// Three blanks, one of them at the end: XAPI splits the line at them.
#[test]
fn driver_line_has_four_fields_with_the_last_empty() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    for line in guest.values("drivers") {
        let fields: Vec<_> = line.split(' ').collect();
        assert!(matches!(fields[..], ["Linux", _, _, ""]), "{line:?}");
    }
}

// The toolstack made the directory; the guest could not make it again. Other lines are other programs'.
#[test]
fn without_drivers_keeps_the_directory_and_foreign_lines() {
    let guest = Guest::new();
    guest.write_as_guest("drivers/0", "ACME disk 1.0 ");
    guest.run(&["-s", "--once"]);
    assert_eq!(drivers(&guest), ["disk", "xen-balloon", "xen-netfront"]);
    guest.run(&["-s", "--once", "--without", "drivers"]);
    assert_eq!(guest.below("drivers"), "drivers/0 = ACME disk 1.0 ");
    guest.as_guest(|store| store.rm("drivers/0")).unwrap();
    guest.run(&["-s", "--once"]);
    let mark = guest.mark();
    guest.run(&["-s", "--once", "--without", "drivers"]);
    let mut changes = guest.changes_since(mark);
    changes.sort();
    assert_eq!(changes[..3], ["rm drivers/0", "rm drivers/1", "rm feature/hotplug"]);
    assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
    assert_eq!(drivers(&guest), ["xen-balloon", "xen-netfront"]);
}
