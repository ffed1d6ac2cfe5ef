//! What is sent, and when, of a disk whose figures a test sets.

use std::fs;
use std::thread;

use facts::{Inbox, Volume, channel};

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

fn figures(path: &Path) -> io::Result<FsUsage> {
    let text = fs::read_to_string(path.join("figures"))?;
    let (total, free) = text.split_once(' ').unwrap();
    Ok(FsUsage { total: total.parse().unwrap(), free: free.parse().unwrap() })
}

/// Size and free of the volume in each fact that was sent.
fn sent(inbox: &Inbox) -> Vec<(Option<u64>, Option<u64>)> {
    let volume = |event| match event {
        Event::Disks(Disks { volumes }) => volumes.into_iter().next().unwrap_or_default(),
        _ => Volume::default(),
    };
    inbox.waiting().map(volume).map(|volume| (volume.size, volume.free)).collect()
}

const MIB: u64 = 1 << 20;

// How much it has to move before hosts are told is the publisher's to say.
#[test]
fn how_full_it_is_is_sent_when_it_has_changed() {
    let guest = Guest::new("full");
    let (outbox, inbox) = channel(thread::current());
    let mut volumes = Volumes::new(&outbox, &guest.0, figures);
    guest.is(1000 * MIB, 500 * MIB);
    volumes.look_up();
    for free in [499, 499, 498] {
        guest.is(1000 * MIB, free * MIB);
        assert!(!volumes.sample());
    }
    let free: Vec<_> = sent(&inbox).into_iter().map(|(_, free)| free).collect();
    assert_eq!(free, [500, 499, 498].map(|free| Some(free * MIB)));
}

// Nothing tells of a resize but the figures.
#[test]
fn a_resized_file_system_is_to_be_looked_up_again() {
    let guest = Guest::new("resized");
    let (outbox, inbox) = channel(thread::current());
    let mut volumes = Volumes::new(&outbox, &guest.0, figures);
    guest.is(1000 * MIB, 500 * MIB);
    volumes.look_up();
    guest.is(2000 * MIB, 500 * MIB);
    assert!(volumes.sample());
    volumes.look_up();
    assert!(!volumes.sample());
    let sizes: Vec<_> = sent(&inbox).into_iter().map(|(size, _)| size).collect();
    assert_eq!(sizes, [Some(1000 * MIB), Some(2000 * MIB)]);
}

#[test]
fn a_file_system_that_fails_keeps_the_rest_of_its_volume() {
    let guest = Guest::new("fails");
    let (outbox, inbox) = channel(thread::current());
    let mut volumes = Volumes::new(&outbox, &guest.0, figures);
    guest.is(1000 * MIB, 500 * MIB);
    volumes.look_up();
    fs::remove_file(guest.0.join("figures")).unwrap();
    volumes.sample();
    let told = sent(&inbox);
    assert_eq!(told, [(Some(1000 * MIB), Some(500 * MIB)), (Some(1000 * MIB), None)]);
}

// Before the table can be read nothing is known; it is tried again with each sample.
#[test]
fn without_a_table_of_mounts_nothing_is_told_until_there_is_one() {
    let guest = Guest::new("no-table");
    guest.is(1000 * MIB, 500 * MIB);
    let (table, away) = (guest.0.join(MOUNTINFO), guest.0.join("away"));
    fs::rename(&table, &away).unwrap();
    let (outbox, inbox) = channel(thread::current());
    let mut volumes = Volumes::new(&outbox, &guest.0, figures);
    volumes.look_up();
    volumes.sample();
    assert_eq!(sent(&inbox), []);
    fs::rename(&away, &table).unwrap();
    volumes.sample();
    assert_eq!(sent(&inbox).len(), 1);
}
