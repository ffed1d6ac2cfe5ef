//! Golden disks: the exact keys of schema `std` for the kernel's files about a guest's disks.
//!
//! `tests/disks/NAME.tree` describes files, one a line: `PATH = TEXT` is a file with one line, `PATH -> TARGET` a
//! link, `PATH/` a directory, and `PATH:` a file with the indented lines below. `tests/disks/NAME.keys` has the
//! keys. statvfs returns 1,000,000 bytes free for each file system. It must not be called if `hangs` exists in
//! the directory or in one above it.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use collectors::disks::mount_tree::UsagePath;
use collectors::disks::tracker::FsUsage;
use collectors::disks::tracker::Tracker;
use publishers::Schema;
use publishers::guest_state::GuestState;
use publishers::key_tree::Tree;

/// Makes the files of a tree below `root`.
fn plant(root: &Path, tree: &str) {
    let mut lines =
        tree.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        let place = |path: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        };
        if let Some((path, text)) = line.split_once(" = ") {
            fs::write(place(path), format!("{text}\n")).unwrap();
        } else if let Some((path, target)) = line.split_once(" -> ") {
            symlink(target, place(path)).unwrap();
        } else if let Some(path) = line.strip_suffix('/') {
            fs::create_dir_all(place(path)).unwrap();
        } else if let Some(path) = line.strip_suffix(':') {
            let mut text = String::new();
            while let Some(line) = lines.next_if(|line| line.starts_with("  ")) {
                text += &format!("{}\n", line.trim_start());
            }
            fs::write(place(path), text).unwrap();
        } else {
            panic!("{line:?} is no line of a tree");
        }
    }
}

/// The keys of the volumes below `root`.
fn keys(root: &Path) -> String {
    let statvfs = |path: &UsagePath| {
        let path = root.join(path.to_string().trim_start_matches('/'));
        let above = path.ancestors().take_while(|directory| directory.starts_with(root));
        let hangs = above.into_iter().find(|directory| directory.join("hangs").exists());
        assert_eq!(hangs, None, "statvfs was called for {}", path.display());
        io::Result::Ok(FsUsage { total: 2_000_000, free: 1_000_000 })
    };
    let mut tracker = Tracker::new(root, Box::new(statvfs));
    tracker.look_up();
    let disks = tracker.take_changed();
    assert!(disks.is_some(), "{}: no tables", root.display());
    let tree = Schema::Std.render(&GuestState { disks, ..GuestState::default() }, &Tree::default());
    let below = tree.below("data/volumes");
    below.map(|(path, value)| format!("{path} = {value:?}\n")).collect()
}

fn trees() -> Vec<PathBuf> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/disks");
    let paths = fs::read_dir(all).unwrap().map(|entry| entry.unwrap().path());
    let mut trees: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "tree")).collect();
    trees.sort();
    trees
}

/// Partitions, LVM, md, dm-crypt, btrfs, bcachefs, containers.
#[test]
fn each_tree_renders_exactly_its_keys() {
    let (trees, mut wrong) = (trees(), 0);
    assert!(trees.len() >= 9, "only {} trees were found", trees.len());
    for tree in trees {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(tree.file_stem().unwrap());
        let _ = fs::remove_dir_all(&root);
        plant(&root, &fs::read_to_string(&tree).unwrap());
        let (is, wanted) = (keys(&root), fs::read_to_string(tree.with_extension("keys")).unwrap());
        if is != wanted {
            eprintln!("{}:\n{is}not:\n{wanted}", tree.display());
            wrong += 1;
        }
    }
    assert_eq!(wrong, 0, "guests with wrong keys; see above");
}

/// Cycles in sysfs, a thousand mounts, control characters in names.
#[test]
fn cycles_and_1000_mounts_render_64_volumes() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-disks");
    let _ = fs::remove_dir_all(&root);
    // The root is the last of 100 devices. Each is an upper device of the next, the last of the first.
    let mut tree = String::from("proc/self/mountinfo:\n");
    for n in 0..1000 {
        tree += &format!("  {} 1 1:{} / /m{n}\\012 rw - ext4 x rw\n", n + 2, n % 100);
    }
    tree += "  1 0 1:99 / / rw - ext4 /dev/a rw\n";
    for n in 0..100 {
        let next = (n + 1) % 100;
        tree += &format!("sys/dev/block/1:{n}/dev = 1:{n}\n");
        tree += &format!("sys/dev/block/1:{n}/slaves/x -> ../../1:{next}\n");
        tree += &format!("sys/dev/block/1:{n}/holders/x -> ../../1:{next}\n");
        tree += &format!("sys/dev/block/1:{n}/size = 99999999999999999999\n");
    }
    plant(&root, &tree);
    let keys = keys(&root);
    assert!(
        keys.starts_with(
            "0/filesystem = \"ext4\"\n0/free = \"1000000\"\n0/mount_points/0 = \"/\"\n"
        )
    );
    assert_eq!(keys.matches("/name = ").count(), 64);
    assert!(keys.contains("0/name = \"/dev/1:99\"") && keys.contains("63/name = \"/dev/1:62\""));
    assert_eq!(keys.matches("/mount_points/").count(), 11 + 63 * 10);
    assert!(!keys.contains("/size") && !keys.contains("/extents"), "{keys}");
}

/// Container hosts mount a volume at hundreds of places.
#[test]
fn volume_with_300_mount_points_renders_16() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("many-mount-points");
    let _ = fs::remove_dir_all(&root);
    let mut tree = String::from("sys/dev/block/1:1/size = 8\nproc/self/mountinfo:\n");
    for n in 0..300 {
        tree += &format!("  {} 1 1:1 / /pods/{n} rw - ext4 x rw\n", n + 2);
    }
    plant(&root, &tree);
    assert_eq!(keys(&root).matches("0/mount_points/").count(), 16);
}
