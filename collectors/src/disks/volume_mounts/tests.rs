//! Tables as the kernel writes them.

use super::super::mount_tree::COMPARISONS;
use super::super::mount_tree::Component;
use super::super::mountinfo::parse;
use super::*;

const ROOT: &str = "1 0 202:1 / / rw - ext4 /dev/xvda1 rw\n";

fn find(table: &str) -> Vec<VolumeMount> {
    find_volume_mounts(&parse(table.as_bytes()))
}

/// The mount points below the root, with `?` if statvfs is not safe there, `-` if there is none.
fn points(table: &str) -> String {
    let mounts = find(&format!("{ROOT}{table}"));
    let shown = mounts.iter().skip(1).map(|mount| match &mount.point {
        None => "-".into(),
        Some(point) => {
            let path = if mount.usage_path.is_some() { "" } else { "?" };
            String::from_utf8_lossy(point).into_owned() + path
        }
    });
    shown.collect::<Vec<String>>().join(" ")
}

/// The path for statvfs of the last mount: `NAME@MOUNT-ID` for each component.
fn path(table: &str) -> String {
    let path = find(table).pop().unwrap().usage_path.unwrap();
    let shown = path.0.iter().map(|Component { name, mount_id, .. }| {
        format!("{}@{mount_id}", String::from_utf8_lossy(name))
    });
    shown.collect::<Vec<String>>().join(" ")
}

#[test]
fn only_file_systems_on_block_devices_are_volumes() {
    assert_eq!(points("2 1 202:2 / /data rw - xfs /dev/xvda2 rw"), "/data");
    assert_eq!(points("2 1 0:40 /@ /srv rw - btrfs /dev/xvda2 rw,subvol=/@"), "/srv");
    for other in [
        "2 1 0:22 / /proc rw - proc proc rw",
        "2 1 0:23 / /tmp rw - tmpfs /dev/xvda2 rw",
        "2 1 0:24 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw",
        "2 1 0:25 / /nfs rw - nfs4 host:/export rw",
        "2 1 0:26 / /home/me/remote rw - fuse.sshfs me@host: rw",
        "2 1 7:3 / /snap/core/1 ro - squashfs /dev/loop3 ro",
        "2 1 11:0 / /media/cd ro - iso9660 /dev/sr0 ro",
    ] {
        assert_eq!(points(other), "", "{other}");
    }
}

#[test]
fn bind_mount_of_a_directory_is_no_mount_point() {
    assert_eq!(points("2 1 202:1 /var/log /srv/log rw - ext4 /dev/xvda1 rw"), "");
    let part = "2 1 202:2 /log /srv/log rw - xfs /dev/xvda2 rw\n";
    assert_eq!(points(&part.repeat(3)), "-");
    assert_eq!(points(&format!("{part}3 1 202:2 / /data rw - xfs /dev/xvda2 rw")), "/data");
    assert_eq!(points("2 1 0:40 /@home/me /me rw - btrfs /dev/xvda2 rw,subvol=/@home/me"), "/me");
    assert_eq!(points("2 1 0:40 /@home/me /me rw - btrfs /dev/xvda2 rw,subvol=/@home"), "-");
}

// ostree boots from a directory of its file system.
#[test]
fn root_mount_of_a_directory_is_a_mount_point() {
    let table = "1 0 202:1 /ostree/deploy/x/0 / rw - xfs /dev/xvda1 rw";
    assert_eq!(find(table)[0].point.as_deref(), Some(&b"/"[..]));
}

#[test]
fn unsafe_file_system_has_no_statvfs_path() {
    for kind in ["fuseblk", "ocfs2", "gfs2", "something-new"] {
        assert_eq!(points(&format!("2 1 202:2 / /data rw - {kind} /dev/xvda2 rw")), "/data?");
    }
}

#[test]
fn mount_below_unsafe_file_system_has_no_statvfs_path() {
    for kind in ["fuse.sshfs", "nfs4", "cifs", "9p", "autofs", "overlay"] {
        let table = format!(
            "2 1 0:30 / /far rw - {kind} far rw\n\
             3 2 0:31 / /far/near rw - tmpfs tmpfs rw\n\
             4 3 202:2 / /far/near/data rw - ext4 /dev/xvda2 rw"
        );
        assert_eq!(points(&table), "/far/near/data?", "{kind}");
    }
    let near =
        "2 1 0:31 / /near rw - tmpfs tmpfs rw\n3 2 202:2 / /near/data rw - ext4 /dev/xvda2 rw";
    assert_eq!(points(near), "/near/data");
}

#[test]
fn covered_mount_has_no_mount_point() {
    let data = "2 1 202:2 / /srv/data rw - ext4 /dev/xvda2 rw\n";
    for (over, shown) in [
        ("3 2 0:31 / /srv/data rw - tmpfs tmpfs rw", "-"),
        ("3 1 0:31 / /srv rw - tmpfs tmpfs rw", "-"),
        ("3 1 0:31 / /sr rw - tmpfs tmpfs rw", "/srv/data"),
        ("3 2 0:31 / /srv/data/in rw - tmpfs tmpfs rw", "/srv/data"),
        ("3 1 0:31 / /srv/data2 rw - tmpfs tmpfs rw", "/srv/data"),
    ] {
        assert_eq!(points(&format!("{data}{over}")), shown, "{over}");
    }
    assert_eq!(points("2 1 202:2 / /srv/data//deleted rw - ext4 /dev/xvda2 rw"), "-");
}

// systemd's PrivateTmp= makes such a mount: the path leads to the same file system as before.
#[test]
fn mount_covered_by_its_own_directory_stays_visible() {
    let tmp = "2 1 202:2 / /tmp rw - xfs /dev/xvda2 rw\n";
    let private = "3 2 202:2 /systemd-private-x/tmp /tmp rw - xfs /dev/xvda2 rw";
    assert_eq!(points(&format!("{tmp}{private}")), "/tmp");
    let of_another = "3 2 202:1 /tmp/systemd-private-x/tmp /tmp rw - ext4 /dev/xvda1 rw";
    assert_eq!(points(&format!("{tmp}{of_another}")), "-");
    let private = format!("{tmp}{private}\n");
    for (kind, device) in [("fuse.sshfs", "0:40"), ("tmpfs", "0:41"), ("ext4", "202:3")] {
        let above = format!("4 3 {device} / /tmp rw - {kind} other rw\n");
        let found = find(&format!("{ROOT}{private}{above}"));
        assert_eq!((&found[1].point, &found[1].usage_path), (&None, &None), "{kind}");
    }
    let twice = "4 3 202:2 /another /tmp rw - xfs /dev/xvda2 rw";
    assert_eq!(path(&format!("{ROOT}{private}{twice}")), "tmp@4");
}

// systemd's ProtectSystem=strict makes every mount read-only for a service.
#[test]
fn read_only_is_that_of_the_file_system() {
    let mount = |line: &str| find(line).remove(0);
    assert!(!mount("2 1 202:2 / /data ro - ext4 /dev/xvda2 rw").read_only);
    assert!(mount("2 1 202:2 / /data ro - ext4 /dev/xvda2 ro,errors=continue").read_only);
}

#[test]
fn cycle_of_mounts_terminates() {
    assert_eq!(points("2 3 8:1 / /a rw - ext4 a rw\n3 2 8:2 / /a rw - ext4 b rw"), "- -");
    assert_eq!(points("2 2 8:1 / /a rw - ext4 a rw"), "-");
}

#[test]
fn btrfs_subvolumes_with_blanks_and_commas_are_mount_points() {
    let mount = |name: &str| {
        format!("2 1 0:40 /{name} /srv rw - btrfs /dev/xvda2 rw,subvolid=257,subvol=/{name}")
    };
    for name in ["@my\\040data", "a,b", "x,ro,subvol=/y"] {
        assert_eq!(points(&mount(name)), "/srv", "{name}");
    }
}

#[test]
fn subvolume_is_no_mount_point_below_a_directory_of_containers() {
    let point = |point: &str, subvolume: &str| {
        points(&format!("2 1 0:40 {subvolume} {point} rw - btrfs /dev/xvda2 rw,subvol={subvolume}"))
    };
    for container in [
        "/var/lib/docker/btrfs/subvolumes/x",
        "/var/lib/containers/storage/btrfs/subvolumes/x",
        "/var/lib/containerd/x",
        "/var/lib/lxc/x/rootfs",
        "/var/lib/lxd/storage-pools/default/containers/x",
        "/var/lib/rancher/k3s/agent/containerd/x",
        "/run/containerd/io.containerd.runtime.v2.task/k8s.io/x/rootfs",
        "/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/x/rootfs",
    ] {
        assert_eq!(point(container, "/x"), "-", "{container}");
        assert_eq!(point(container, "/"), container);
    }
    for other in [
        "/var/lib/docker",
        "/var/lib/docker2/x",
        "/var/lib/kubelet/pods/x",
        "/var/lib/rancher/agent/containerd/x",
        "/var/lib/rancher/a/b/agent/containerd/x",
        "/srv/var/lib/docker/x",
        "/run/user",
    ] {
        assert_eq!(point(other, "/x"), other);
    }
}

// So its start causes no look-up of devices.
#[test]
fn container_on_btrfs_changes_nothing() {
    let table = "2 1 0:40 /@ /srv rw - btrfs /dev/xvda2 rw,subvol=/@\n";
    let container = "3 1 0:40 /x /run/containerd/x/rootfs rw - btrfs /dev/xvda2 rw,subvol=/x\n";
    assert_eq!(find(&format!("{ROOT}{container}{table}")), find(&format!("{ROOT}{table}")));
}

// The agent itself runs from the root.
#[test]
fn mount_on_an_overlay_root_has_a_statvfs_path() {
    let root = "1 0 0:50 / / rw - overlay overlay rw,lowerdir=/a,upperdir=/b\n";
    assert_eq!(path(&format!("{root}2 1 202:2 / /data rw - ext4 /dev/xvda2 rw")), "data@2");
}

#[test]
fn usage_path_names_the_mount_of_each_component() {
    let table = "1 0 202:1 / / rw - ext4 /dev/xvda1 rw
        2 1 0:31 / /srv rw - tmpfs tmpfs rw
        3 2 202:2 / /srv/a/b rw - xfs /dev/xvda2 rw";
    let table: Vec<&str> = table.lines().map(str::trim).collect();
    assert_eq!(path(&table.join("\n")), "srv@2 a@2 b@3");
    let of_xfs = find(&table.join("\n")).pop().unwrap().usage_path.unwrap();
    let devices: Vec<_> = of_xfs.0.iter().map(|component| component.device).collect();
    assert_eq!(devices, [None, None, DevNum::parse(b"202:2")]);
    assert_eq!(path(table[0]), "");
    // Two mounts at one point: the path leads to the second.
    let private = "3 2 202:2 /private/tmp /srv rw - xfs /dev/xvda2 rw\n2 1 202:2 / /srv rw - xfs /dev/xvda2 rw";
    assert_eq!(path(&format!("{ROOT}{private}")), "srv@3");
}

#[test]
fn comparisons_grow_linearly_with_the_mounts() {
    let mounts = |count: u32, line: fn(u32) -> String| {
        let table: String = (2..count + 2).map(line).collect();
        COMPARISONS.set(0);
        let found = find(&format!("{ROOT}{table}"));
        (found.len(), COMPARISONS.get())
    };
    let beside = |n| format!("{n} 1 202:{n} / /mnt/{n} rw - ext4 /dev/x{n} rw\n");
    let stacked = |n| format!("{n} {} 202:{n} / /mnt rw - ext4 /dev/x{n} rw\n", n - 1);
    for line in [beside as fn(u32) -> String, stacked] {
        let (found, comparisons) = mounts(3_000, line);
        assert_eq!(found, 3_001);
        assert!(comparisons <= 3 * 3_000, "{comparisons}");
        let (_, more) = mounts(30_000, line);
        assert!(more <= 10 * comparisons + 10, "{comparisons}, then {more}");
    }
}
