//! Which mounts count, told on tables as the kernel writes them.

use super::super::mountinfo::parse;
use super::*;

const ROOT: &str = "1 0 202:1 / / rw - ext4 /dev/xvda1 rw\n";

/// Each place below the root as `POINT`, with `?` where it cannot be asked, `-` where it cannot be seen.
fn places(table: &str) -> String {
    let places = of(&parse(format!("{ROOT}{table}").as_bytes()));
    let shown = places.iter().skip(1).map(|place| match &place.point {
        None => "-".into(),
        Some(point) => {
            String::from_utf8_lossy(point).into_owned() + if place.can_be_asked { "" } else { "?" }
        }
    });
    shown.collect::<Vec<String>>().join(" ")
}

#[test]
fn file_systems_on_block_devices_count_and_others_do_not() {
    assert_eq!(places("2 1 202:2 / /data rw - xfs /dev/xvda2 rw"), "/data");
    assert_eq!(places("2 1 0:40 /@ /srv rw - btrfs /dev/xvda2 rw,subvol=/@"), "/srv");
    for other in [
        "2 1 0:22 / /proc rw - proc proc rw",
        "2 1 0:23 / /tmp rw - tmpfs /dev/xvda2 rw",
        "2 1 0:24 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw",
        "2 1 0:25 / /nfs rw - nfs4 host:/export rw",
        "2 1 0:26 / /home/me/remote rw - fuse.sshfs me@host: rw",
        "2 1 7:3 / /snap/core/1 ro - squashfs /dev/loop3 ro",
        "2 1 11:0 / /media/cd ro - iso9660 /dev/sr0 ro",
    ] {
        assert_eq!(places(other), "", "{other}");
    }
}

#[test]
fn a_bind_mount_of_a_directory_is_no_place_of_its_own() {
    assert_eq!(places("2 1 202:1 /var/log /srv/log rw - ext4 /dev/xvda1 rw"), "");
    let part = "2 1 202:2 /log /srv/log rw - xfs /dev/xvda2 rw\n";
    assert_eq!(places(&part.repeat(3)), "-");
    assert_eq!(places(&format!("{part}3 1 202:2 / /data rw - xfs /dev/xvda2 rw")), "/data");
    assert_eq!(places("2 1 0:40 /@home/me /me rw - btrfs /dev/xvda2 rw,subvol=/@home/me"), "/me");
    assert_eq!(places("2 1 0:40 /@home/me /me rw - btrfs /dev/xvda2 rw,subvol=/@home"), "-");
}

// A system may live in a directory of its file system.
#[test]
fn what_is_mounted_at_the_root_counts_whatever_it_shows() {
    let table = "1 0 202:1 /ostree/deploy/x/0 / rw - xfs /dev/xvda1 rw";
    assert_eq!(of(&parse(table.as_bytes()))[0].point.as_deref(), Some(&b"/"[..]));
}

#[test]
fn a_file_system_that_may_not_answer_is_not_asked() {
    for kind in ["fuseblk", "ocfs2", "gfs2", "something-new"] {
        assert_eq!(places(&format!("2 1 202:2 / /data rw - {kind} /dev/xvda2 rw")), "/data?");
    }
}

#[test]
fn nor_is_a_path_walked_through_one() {
    for kind in ["fuse.sshfs", "nfs4", "cifs", "9p", "autofs"] {
        let table = format!(
            "2 1 0:30 / /far rw - {kind} far rw\n\
             3 2 0:31 / /far/near rw - tmpfs tmpfs rw\n\
             4 3 202:2 / /far/near/data rw - ext4 /dev/xvda2 rw"
        );
        assert_eq!(places(&table), "/far/near/data?", "{kind}");
    }
    let near =
        "2 1 0:31 / /near rw - tmpfs tmpfs rw\n3 2 202:2 / /near/data rw - ext4 /dev/xvda2 rw";
    assert_eq!(places(near), "/near/data");
}

#[test]
fn a_mount_under_another_cannot_be_seen() {
    let data = "2 1 202:2 / /srv/data rw - ext4 /dev/xvda2 rw\n";
    for (over, shown) in [
        ("3 2 0:31 / /srv/data rw - tmpfs tmpfs rw", "-"),
        ("3 1 0:31 / /srv rw - tmpfs tmpfs rw", "-"),
        ("3 1 0:31 / /sr rw - tmpfs tmpfs rw", "/srv/data"),
        ("3 2 0:31 / /srv/data/in rw - tmpfs tmpfs rw", "/srv/data"),
        ("3 1 0:31 / /srv/data2 rw - tmpfs tmpfs rw", "/srv/data"),
    ] {
        assert_eq!(places(&format!("{data}{over}")), shown, "{over}");
    }
    assert_eq!(places("2 1 202:2 / /srv/data//deleted rw - ext4 /dev/xvda2 rw"), "-");
}

// What systemd's PrivateTmp= makes: the path leads to the same file system as before.
#[test]
fn a_mount_under_a_directory_of_its_own_is_seen() {
    let tmp = "2 1 202:2 / /tmp rw - xfs /dev/xvda2 rw\n";
    let private = "3 2 202:2 /systemd-private-x/tmp /tmp rw - xfs /dev/xvda2 rw";
    assert_eq!(places(&format!("{tmp}{private}")), "/tmp");
    let of_another = "3 2 202:1 /tmp/systemd-private-x/tmp /tmp rw - ext4 /dev/xvda1 rw";
    assert_eq!(places(&format!("{tmp}{of_another}")), "-");
}

// The options of the file system count: a service may see all its mounts read-only.
#[test]
fn a_read_only_mount_is_no_read_only_file_system() {
    let place = |line: &str| of(&parse(line.as_bytes())).remove(0);
    assert!(!place("2 1 202:2 / /data ro - ext4 /dev/xvda2 rw").read_only);
    assert!(place("2 1 202:2 / /data ro - ext4 /dev/xvda2 ro,errors=continue").read_only);
}

#[test]
fn mounts_in_a_circle_do_no_harm() {
    assert_eq!(places("2 3 8:1 / /a rw - ext4 a rw\n3 2 8:2 / /a rw - ext4 b rw"), "- -");
    assert_eq!(places("2 2 8:1 / /a rw - ext4 a rw"), "-");
}
