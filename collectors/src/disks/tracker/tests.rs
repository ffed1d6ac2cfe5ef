//! One volume, whose size and free space a test sets.

use std::path::PathBuf;
use std::{fs, io};

use super::super::mount_tree::UsagePath;
use super::super::tracker::FsUsage;
use super::*;

/// A system with one file system, at `/`, in a directory of its own.
struct Guest(PathBuf);

impl Guest {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("xga-disks-{}-{name}", std::process::id()));
        let guest = Self(root);
        fs::create_dir_all(guest.0.join("proc/self")).unwrap();
        fs::create_dir_all(guest.0.join("sys/dev/block/202:1")).unwrap();
        fs::write(guest.0.join(MOUNTINFO), "1 0 202:1 / / rw - ext4 /dev/xvda1 rw\n").unwrap();
        guest
    }

    fn is(&self, size: u64, free: u64) {
        fs::write(self.0.join("sys/dev/block/202:1/size"), (size / 512).to_string()).unwrap();
        fs::write(self.0.join("figures"), format!("{size} {free}")).unwrap();
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Reads the figures that `Guest::is` wrote.
fn tracker(guest: &Guest) -> Tracker<'_> {
    let statvfs = |path: &UsagePath| {
        assert!(path.0.is_empty(), "{path}");
        let text = fs::read_to_string(guest.0.join("figures"))?;
        let (total, free) = text.split_once(' ').unwrap();
        Ok(FsUsage { total: total.parse().unwrap(), free: free.parse().unwrap() })
    };
    Tracker::new(&guest.0, Box::new(statvfs))
}

/// Size and free of the first volume, if the volumes changed.
fn changed(tracker: &mut Tracker) -> Option<(Option<u64>, Option<u64>)> {
    let Disks { volumes } = tracker.take_changed()?;
    volumes.first().map(|volume| (volume.size, volume.free))
}

const MIB: u64 = 1 << 20;

// The publisher decides whether a difference is large enough to write.
#[test]
fn changed_free_space_is_returned_once() {
    let guest = Guest::new("full");
    let mut tracker = tracker(&guest);
    guest.is(1000 * MIB, 500 * MIB);
    tracker.look_up();
    let size = Some(1000 * MIB);
    assert_eq!(changed(&mut tracker), Some((size, Some(500 * MIB))));
    for free in [499, 498] {
        guest.is(1000 * MIB, free * MIB);
        assert!(!tracker.sample());
        assert_eq!(changed(&mut tracker), Some((size, Some(free * MIB))));
        assert!(!tracker.sample());
        assert_eq!(changed(&mut tracker), None);
    }
}

// The kernel sends no event for a resize.
#[test]
fn sample_after_a_resize_returns_true() {
    let guest = Guest::new("resized");
    let mut tracker = tracker(&guest);
    guest.is(1000 * MIB, 500 * MIB);
    tracker.look_up();
    guest.is(2000 * MIB, 500 * MIB);
    assert!(tracker.sample());
    tracker.look_up();
    assert!(!tracker.sample());
    assert_eq!(changed(&mut tracker), Some((Some(2000 * MIB), Some(500 * MIB))));
}

#[test]
fn volume_whose_statvfs_fails_has_no_free() {
    let guest = Guest::new("fails");
    let mut tracker = tracker(&guest);
    guest.is(1000 * MIB, 500 * MIB);
    tracker.look_up();
    fs::remove_file(guest.0.join("figures")).unwrap();
    tracker.sample();
    assert_eq!(changed(&mut tracker), Some((Some(1000 * MIB), None)));
}

#[test]
fn volume_keeps_free_while_no_descriptor_is_left() {
    let guest = Guest::new("exhausted");
    guest.is(1000 * MIB, 500 * MIB);
    let calls = std::cell::Cell::new(0);
    let statvfs = |_: &UsagePath| {
        calls.set(calls.get() + 1);
        match calls.get() {
            1 => Ok(FsUsage { total: 1000 * MIB, free: 500 * MIB }),
            _ => Err(io::Error::from_raw_os_error(libc::EMFILE)),
        }
    };
    let mut tracker = Tracker::new(&guest.0, Box::new(statvfs));
    tracker.look_up();
    tracker.take_changed();
    assert!(!tracker.sample());
    assert_eq!((calls.get(), tracker.take_changed()), (2, None));
}

#[test]
fn without_mountinfo_nothing_is_returned_until_it_can_be_read() {
    let guest = Guest::new("no-table");
    guest.is(1000 * MIB, 500 * MIB);
    let (table, away) = (guest.0.join(MOUNTINFO), guest.0.join("away"));
    fs::rename(&table, &away).unwrap();
    let mut tracker = tracker(&guest);
    tracker.look_up();
    tracker.sample();
    assert_eq!(tracker.take_changed(), None);
    fs::rename(&away, &table).unwrap();
    tracker.sample();
    assert_eq!(changed(&mut tracker), Some((Some(1000 * MIB), Some(500 * MIB))));
}

// A directory in the place of the table stands for a read(2) that fails.
#[test]
fn swap_device_stays_while_the_table_of_swaps_cannot_be_read() {
    let guest = Guest::new("swaps");
    guest.is(1000 * MIB, 500 * MIB);
    fs::create_dir_all(guest.0.join("sys/class/block/xvda2")).unwrap();
    let table = guest.0.join(SWAPS);
    fs::write(&table, "Filename Type Size Used Priority\n/dev/xvda2 partition 1024 0 -2\n")
        .unwrap();
    let mut tracker = tracker(&guest);
    tracker.look_up();
    let names =
        |disks: Disks| disks.volumes.into_iter().map(|volume| volume.name).collect::<Vec<_>>();
    let known = names(tracker.take_changed().unwrap());
    assert_eq!(known.len(), 2, "{known:?}");
    fs::remove_file(&table).unwrap();
    fs::create_dir(&table).unwrap();
    tracker.swaps = Table::new(&guest.0, SWAPS);
    tracker.look_up();
    assert_eq!(tracker.take_changed().map(names), None);
    tracker.sample();
    assert_eq!(tracker.take_changed().map(names), None);
    fs::remove_dir(&table).unwrap();
    tracker.swaps = Table::new(&guest.0, SWAPS);
    tracker.look_up();
    assert_eq!(tracker.take_changed().map(|disks| names(disks).len()), Some(1));
}

// The table was read for a sample before its change was received.
#[test]
fn swap_device_that_is_missing_in_a_sample_is_looked_up() {
    let guest = Guest::new("swapoff");
    guest.is(1000 * MIB, 500 * MIB);
    let table = guest.0.join(SWAPS);
    let heading = "Filename Type Size Used Priority\n";
    fs::write(&table, format!("{heading}/dev/xvda2 partition 1024 0 -2\n")).unwrap();
    let mut tracker = tracker(&guest);
    tracker.look_up();
    assert!(!tracker.sample());
    fs::write(&table, heading).unwrap();
    assert!(tracker.sample());
}
