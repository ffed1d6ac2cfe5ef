//! data/volumes: what is mounted, how full it is, and what must never wait for it. On loop devices,
//! which hang on no bus, so that they have no extents; `tests/disks/` has these.

use super::harness::{Disk, FIRST_TREE, Guest, HungFuse};
use std::time::Duration;

/// The keys of the volumes, one `key = value` a line.
fn volumes(guest: &Guest) -> String {
    guest.below("data/volumes/")
}

fn name(disk: &Disk) -> String {
    format!("/dev/{}", disk.name)
}

/// The index below which a disk is told.
fn index(guest: &Guest, disk: &Disk) -> String {
    let tree = guest.wait(|tree| tree.values().any(|value| *value == name(disk)));
    let (key, _) = tree.iter().find(|(_, value)| **value == name(disk)).unwrap();
    key.split('/').nth(2).unwrap().to_string()
}

fn free(guest: &Guest) -> u64 {
    guest.tree()["data/volumes/0/free"].parse().unwrap()
}

// Mounts are noticed at once; no doorbell rings for them.
#[test]
fn mount_and_umount_cause_one_batch_each() {
    let guest = Guest::new();
    let _agent = guest.published(&[]);
    let disk = guest.ext4();
    let mark = guest.mark();
    guest.mount(&disk, "a");
    let mut changes = guest.batch_since(mark);
    let free = changes.remove(1);
    assert_eq!(
        changes,
        [
            "write data/volumes/0/filesystem = ext4".into(),
            "write data/volumes/0/mount_points/0 = /mnt/a".into(),
            format!("write data/volumes/0/name = {}", name(&disk)),
            "write data/volumes/0/size = 67108864".into(),
            "write data/updated".into(),
        ]
    );
    // What df says that a user can still write.
    let line = "df --output=avail -B1 /mnt/a | tail -n 1";
    let df = guest.world_command("sh").args(["-c", line]).output().unwrap();
    let df = String::from_utf8(df.stdout).unwrap();
    assert_eq!(free, format!("write data/volumes/0/free = {}", df.trim()));
    let mark = guest.mark();
    guest.sh("umount /mnt/a");
    assert_eq!(guest.batch_since(mark), ["rm data/volumes", "write data/updated"]);
}

// …and by a start.
#[test]
fn first_batch_has_volumes_mounted_before_the_start() {
    let guest = Guest::new();
    let disk = guest.ext4();
    guest.mount(&disk, "a");
    let mark = guest.mark();
    let _agent = guest.agent(&[]);
    let changes = guest.batch_since(mark);
    assert!(
        changes.contains(&format!("write data/volumes/0/name = {}", name(&disk))),
        "{changes:#?}"
    );
}

// Once: a bind mount is not a volume, and the same file system at two places is one.
#[test]
fn file_system_mounted_twice_is_one_volume_with_two_mount_points() {
    let guest = Guest::new();
    let disk = guest.ext4();
    let _agent = guest.published(&[]);
    guest.mount(&disk, "a");
    guest.wait_value("data/volumes/0/mount_points/0", "/mnt/a");
    let before = volumes(&guest);
    guest.sh("mkdir -p /mnt/a/sub /mnt/bound; mount --bind /mnt/a/sub /mnt/bound");
    guest.mount(&disk, "b c");
    guest.wait_value("data/volumes/0/mount_points/1", "/mnt/b c");
    let after = volumes(&guest);
    assert_eq!(after.replace("data/volumes/0/mount_points/1 = /mnt/b c\n", ""), before);
    // The other keeps its index.
    let mark = guest.mark();
    guest.sh("umount /mnt/a");
    assert_eq!(guest.batch_since(mark), ["rm data/volumes/0/mount_points/0", "write data/updated"]);
}

// Images are as full as they were made.
#[test]
fn read_only_loop_device_is_no_volume() {
    let guest = Guest::new();
    let (image, disk) = (guest.ext4(), guest.ext4());
    let _agent = guest.published(&[]);
    guest.sh(&format!("mkdir /mnt/image; mount -o ro /dev/{} /mnt/image", image.name));
    guest.mount(&disk, "a");
    guest.wait_value("data/volumes/0/name", &name(&disk));
    assert!(!volumes(&guest).contains("/mnt/image"), "{}", volumes(&guest));
}

// A volume keeps its index while it is there, over a restart too; a freed index is used again.
#[test]
fn volume_keeps_its_index_over_a_restart() {
    let guest = Guest::new();
    let disks = [guest.ext4(), guest.ext4(), guest.ext4()];
    let agent = guest.published(&[]);
    for (disk, place) in disks.iter().zip(["a", "b"]) {
        guest.mount(disk, place);
        index(&guest, disk);
    }
    guest.sh("umount /mnt/a");
    guest.wait_gone("data/volumes/0/name");
    agent.stop("TERM");
    let mark = guest.mark();
    let _agent = guest.agent(&[]);
    guest.assert_quiet_since(mark);
    assert_eq!(index(&guest, &disks[1]), "1");
    guest.mount(&disks[2], "c");
    assert_eq!(index(&guest, &disks[2]), "0");
}

// Fullness is written only when it moved by 1 %: of 64 MiB that is 655 KiB.
#[test]
fn free_is_written_when_it_moved_by_one_percent() {
    let guest = Guest::new();
    let (disk, other) = (guest.ext4(), guest.ext4());
    guest.mount(&disk, "a");
    guest.mount(&other, "b");
    let _agent = guest.published(&["--disk-interval", "1"]);
    guest.wait_value("data/volumes/1/name", &name(&other));
    let (mark, before) = (guest.mark(), free(&guest));
    guest.fill("a/small", 256);
    guest.fill("b/large", 10_240);
    // The sample that has the one has the other too.
    let written = |mark| {
        guest.wait(|_| !guest.changes_since(mark).is_empty());
        guest.changes_since(mark)
    };
    let changes = written(mark);
    assert!(changes[0].starts_with("write data/volumes/1/free = "), "{changes:#?}");
    assert_eq!(changes.len(), 1, "{changes:#?}");
    let mark = guest.mark();
    guest.fill("a/large", 512);
    let changes = written(mark);
    assert!(changes[0].starts_with("write data/volumes/0/free = "), "{changes:#?}");
    assert_eq!(changes.len(), 1, "{changes:#?}");
    // What crept is told whole: the samples are compared with what was told.
    assert!(before - free(&guest) >= 768 << 10, "{before} {}", free(&guest));
}

// …by a new start too.
#[test]
fn free_within_one_percent_causes_no_write_at_a_restart() {
    let guest = Guest::new();
    let disk = guest.ext4();
    guest.mount(&disk, "a");
    guest.published(&[]).stop("TERM");
    guest.fill("a/small", 256);
    let mark = guest.mark();
    assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
    assert_eq!(guest.changes_since(mark), [""; 0]);
    guest.fill("a/large", 1024);
    guest.run(&["-s", "--once"]);
    let changes = guest.changes_since(mark);
    assert!(changes[0].starts_with("write data/volumes/0/free = "), "{changes:#?}");
}

// Swap named as such, noticed at once.
#[test]
fn swap_is_a_volume_while_it_is_on() {
    let guest = Guest::new();
    let disk = guest.disk(16);
    let _agent = guest.published(&[]);
    let (mark, device) = (guest.mark(), name(&disk));
    guest.sh(&format!("mkswap {device} > /dev/null && swapon {device}"));
    let changes = guest.batch_since(mark);
    guest.sh(&format!("swapoff {device}"));
    guest.wait_tree(FIRST_TREE);
    assert_eq!(
        changes,
        [
            "write data/volumes/0/filesystem = swap".into(),
            "write data/volumes/0/free = 16773120".into(),
            "write data/volumes/0/mount_points/0 = [SWAP]".into(),
            format!("write data/volumes/0/name = {device}"),
            "write data/volumes/0/size = 16777216".into(),
            "write data/updated".into(),
        ]
    );
}

// A hung FUSE mount never blocks anything: not the other volumes, not the network, not the end.
#[test]
fn hung_fuse_has_no_free_and_blocks_nothing() {
    let guest = Guest::new();
    let (hung, disk, covered) = (guest.disk(1), guest.ext4(), guest.ext4());
    guest.mount(&covered, "covered");
    guest.sh("mkdir /mnt/covered/part; mount --bind /mnt/covered/part /mnt/covered");
    // The daemons go before the agent: one that waits for them could not be killed.
    let agent;
    let mut daemons =
        [guest.hung(Some(&hung), "windows"), guest.hung(None, "far"), guest.hung(None, "covered")];
    guest.mount(&disk, "a");
    agent = guest.published(&["--disk-interval", "1"]);
    let n = index(&guest, &hung);
    guest.wait_value(&format!("data/volumes/{n}/mount_points/0"), "/mnt/windows");
    guest.wait_value(&format!("data/volumes/{n}/size"), "1048576");
    assert!(!guest.tree().contains_key(&format!("data/volumes/{n}/free")));
    let n = index(&guest, &covered);
    assert!(!guest.tree().contains_key(&format!("data/volumes/{n}/free")));
    let n = index(&guest, &disk);
    let threads = || std::fs::read_dir(format!("/proc/{}/task", agent.pid())).unwrap().count();
    let threads_before = threads();
    let free = format!("data/volumes/{n}/free");
    let before = guest.tree()[&free].clone();
    guest.fill("a/large", 10_240);
    guest.wait(|tree| tree[&free] != before);
    guest.catch_up();
    assert_eq!(threads(), threads_before);
    assert!(daemons.iter_mut().all(HungFuse::hangs));
    let end = agent.stop("TERM");
    assert!(end.code == Some(0) && end.took < Duration::from_secs(1), "{end:?}");
    assert!(!end.stderr.contains("warn"), "{end:?}");
}

// Whoever owns a directory above a mount point can replace it after the table was read: no mount event.
#[test]
fn link_into_hung_fuse_in_the_path_of_a_volume_blocks_nothing() {
    let guest = Guest::new();
    let (disk, other) = (guest.ext4(), guest.ext4());
    // The daemon is dropped before the agent: a process that waits for it could not be killed.
    let agent;
    let mut daemon = guest.hung(None, "far");
    // The swaps of other tests would have the agent look up the devices.
    guest.sh(": >/dev/swaps; mount --bind /dev/swaps /proc/swaps");
    guest.mount(&disk, "home/data");
    guest.mount(&other, "other");
    agent = guest.published(&["--disk-interval", "1"]);
    let free = |disk: &Disk| format!("data/volumes/{}/free", index(&guest, disk));
    let (free, other_free) = (free(&disk), free(&other));
    // Devices are looked up once more after the start; after that only samples are taken.
    let mut before = guest.wait(|tree| tree.contains_key(&free))[&other_free].clone();
    guest.fill("other/first", 10_240);
    before = guest.wait(|tree| tree[&other_free] != before)[&other_free].clone();
    guest.sh("mv /mnt/home /mnt/moved; ln -s far /mnt/home");
    guest.wait_gone(&free);
    guest.fill("other/large", 10_240);
    guest.wait(|tree| tree[&other_free] != before);
    guest.sh("rm /mnt/home; mv /mnt/moved /mnt/home");
    guest.wait(|tree| tree.contains_key(&free));
    assert!(daemon.hangs());
    let end = agent.stop("TERM");
    assert!(end.code == Some(0) && end.took < Duration::from_secs(1), "{end:?}");
}

// Each collector can be switched off; what it told once goes.
#[test]
fn without_disks_removes_the_volumes() {
    let guest = Guest::new();
    let disk = guest.ext4();
    guest.mount(&disk, "a");
    guest.run(&["-s", "--once"]);
    assert_eq!(index(&guest, &disk), "0");
    let _agent = guest.agent(&["--without", "disks"]);
    guest.wait_tree(FIRST_TREE);
}
