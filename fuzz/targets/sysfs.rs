//! Disks, drivers and NICs in the kernel's files. The format is that of the trees of `tests/disks`,
//! which are seeds.

#![no_main]

use std::io;
use std::path::Path;

use collectors::disks::mount_tree::UsagePath;
use collectors::disks::tracker::FsUsage;
use collectors::disks::tracker::Tracker;
use collectors::network::vif;
use collectors::{drivers, service, sys};
use facts::{Disks, Drivers};
use libfuzzer_sys::fuzz_target;
use publishers::guest_state::GuestState;
use xen_guest_agent_fuzz::{Guest, check_all};

fuzz_target!(|tree: &[u8]| {
    let guest = Guest::new();
    guest.make_tree(tree);
    let first = state(guest.root());
    assert_eq!(first, state(guest.root()));
    first.disks.iter().for_each(check_disks);
    first.drivers.iter().for_each(check_drivers);
    check_all(&first);
    assert_eq!(sys::check_guest(guest.root()), sys::check_guest(guest.root()));
    let nics = guest.root().join("sys/class/net").read_dir().into_iter().flatten().flatten();
    for nic in nics {
        if let Some(id) = vif::of_device(&nic.path().join("device")).ok().flatten() {
            let nodename = std::fs::read(nic.path().join("device/nodename")).unwrap();
            let digits = nodename.trim_ascii().strip_prefix(b"device/vif/").unwrap();
            assert_eq!(String::from_utf8_lossy(digits).lines().next().unwrap().parse(), Ok(id));
        }
    }
});

fn state(root: &Path) -> GuestState {
    // The free space is the length of the path.
    let statvfs = |path: &UsagePath| {
        io::Result::Ok(FsUsage { total: 4096, free: path.to_string().len() as u64 })
    };
    let mut tracker = Tracker::new(root, Box::new(statvfs));
    tracker.look_up();
    GuestState {
        disks: tracker.take_changed(),
        drivers: Some(drivers::list_drivers(root)),
        service: Some(service::describe(root)),
        ..GuestState::default()
    }
}

fn check_disks(disks: &Disks) {
    assert!(disks.volumes.len() <= 64);
    for volume in &disks.volumes {
        assert!(volume.name.starts_with("/dev/") && volume.mount_points.len() <= 16, "{volume:?}");
        assert!(volume.extents.is_sorted_by(|a, b| a < b), "{volume:?}");
        assert!(volume.size.is_none_or(|size| size % 512 == 0), "{volume:?}");
    }
}

fn check_drivers(drivers: &Drivers) {
    assert!(drivers.in_use.is_sorted_by(|a, b| a.name < b.name), "{drivers:?}");
    let is_field = |name: &str| !name.is_empty() && !name.contains(char::is_whitespace);
    assert!(drivers.in_use.iter().all(|driver| is_field(&driver.name)), "{drivers:?}");
}
