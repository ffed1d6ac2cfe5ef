//! data/volumes: mount points, sizes and free space of file systems and swap. The disks are loop devices,
//! which belong to no VBD, so their volumes have no extents; `tests/disks/` tests extents.

mod hung_fuse;

use super::harness::{Disk, FIRST_TREE, Guest};

/// The keys of the volumes, one `key = value` a line.
fn volumes(guest: &Guest) -> String {
    guest.below("data/volumes/")
}

fn name(disk: &Disk) -> String {
    format!("/dev/{}", disk.name)
}

/// Waits until the disk is published; returns its index in `data/volumes`.
fn index(guest: &Guest, disk: &Disk) -> String {
    let tree = guest.wait(|tree| tree.values().any(|value| *value == name(disk)));
    let (key, _) = tree.iter().find(|(_, value)| **value == name(disk)).unwrap();
    key.split('/').nth(2).unwrap().to_string()
}

fn free(guest: &Guest) -> u64 {
    guest.tree()["data/volumes/0/free"].parse().unwrap()
}

// A mount is published at once, without a doorbell.
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
    // The bytes that a user without privileges can still write, as df shows them.
    let line = "df --output=avail -B1 /mnt/a | tail -n 1";
    let df = guest.world_command("sh").args(["-c", line]).output().unwrap();
    let df = String::from_utf8(df.stdout).unwrap();
    assert_eq!(free, format!("write data/volumes/0/free = {}", df.trim()));
    let mark = guest.mark();
    guest.sh("umount /mnt/a");
    assert_eq!(guest.batch_since(mark), ["rm data/volumes", "write data/updated"]);
}

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

// A bind mount is no volume; a file system that is mounted at two places is one volume.
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
    // The remaining mount point keeps its index.
    let mark = guest.mark();
    guest.sh("umount /mnt/a");
    assert_eq!(guest.batch_since(mark), ["rm data/volumes/0/mount_points/0", "write data/updated"]);
}

// Such as the image of a snap: its usage never changes.
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

// A volume keeps its index as long as it exists, also over a restart; a freed index is used again.
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
    guest.assert_only_doorbell_since(mark);
    assert_eq!(index(&guest, &disks[1]), "1");
    guest.mount(&disks[2], "c");
    assert_eq!(index(&guest, &disks[2]), "0");
}

// 1 % of 64 MiB is 655 KiB.
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
    // One sample has the figures of both volumes.
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
    // Samples are compared with the published value, so small changes add up.
    assert!(before - free(&guest) >= 768 << 10, "{before} {}", free(&guest));
}

#[test]
fn free_within_one_percent_is_not_written_by_a_restart() {
    let guest = Guest::new();
    let disk = guest.ext4();
    guest.mount(&disk, "a");
    guest.published(&[]).stop("TERM");
    guest.fill("a/small", 256);
    guest.assert_restart_is_quiet(&[]);
    let mark = guest.mark();
    guest.fill("a/large", 1024);
    guest.run(&["-s", "--once"]);
    let changes = guest.changes_since(mark);
    assert!(changes[0].starts_with("write data/volumes/0/free = "), "{changes:#?}");
}

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

/// Writes the entry of udev's database for this disk, with the properties that udev takes from libblkid.
fn run_udev(guest: &Guest, disk: &Disk) {
    let name = &disk.name;
    guest.sh(&format!(
        "mkdir -p /run/udev/data
         blkid -p -o udev /dev/{name} | sed s/^/E:/ > /run/udev/data/.new
         mv /run/udev/data/.new /run/udev/data/b$(cat /sys/class/block/{name}/dev)"
    ));
}

// The label is read with the volume. If udev reads the device again, the next sample finds the new one.
#[test]
fn label_is_published_as_volume_name_and_follows_udev() {
    let guest = Guest::new();
    let disk = guest.ext4();
    guest.sh(&format!("e2label {} 'my data'", name(&disk)));
    run_udev(&guest, &disk);
    guest.mount(&disk, "a");
    let _agent = guest.published(&["--disk-interval", "1"]);
    guest.wait_value("data/volumes/0/volume_name", "my data");
    let mark = guest.mark();
    guest.sh(&format!("e2label {} grün", name(&disk)));
    run_udev(&guest, &disk);
    guest.wait_value("data/volumes/0/volume_name", "grün");
    assert_eq!(guest.batch_since(mark)[0], "write data/volumes/0/volume_name = grün");
    guest.sh(&format!("e2label {} ''", name(&disk)));
    run_udev(&guest, &disk);
    guest.wait_gone("data/volumes/0/volume_name");
    assert!(guest.tree()["data/volumes/0/name"].starts_with(&name(&disk)));
}

// A collector that is switched off has its keys removed.
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
