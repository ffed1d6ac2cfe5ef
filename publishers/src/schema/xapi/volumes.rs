//! Volumes in schema `std`, below `data/volumes`: one directory each, whose index stays while the volume
//! exists. Pure; cannot fail.

use facts::{Disks, Volume};

use super::super::sampled;
use crate::address_index::{by_index, keep};
use crate::key_tree::{Tree, sanitize};
use crate::keys::VOLUMES;

/// The largest step of `free`, in bytes.
const STEP: u64 = 64 * 1024 * 1024;

/// Adds the keys of `disks` to `tree`. `published` has the present indices and values of `free`.
pub fn render(tree: &mut Tree, disks: &Disks, published: &Tree) {
    let names: Vec<String> = disks.volumes.iter().map(|volume| sanitize(&volume.name)).collect();
    let indices = keep(&by_index(published, VOLUMES, "/name"), &names);
    for (volume, index) in disks.volumes.iter().zip(indices) {
        let node = format!("{VOLUMES}/{index}");
        tree.set_nonempty(format!("{node}/name"), Some(&volume.name));
        tree.set_nonempty(format!("{node}/volume_name"), label(volume));
        let bytes = |bytes: Option<u64>| bytes.map(|bytes| bytes.to_string());
        tree.set_nonempty(format!("{node}/size"), bytes(volume.size).as_deref());
        tree.set_nonempty(format!("{node}/free"), bytes(free(volume, &node, published)).as_deref());
        tree.set_nonempty(format!("{node}/filesystem"), Some(&volume.filesystem));
        list(tree, &format!("{node}/mount_points"), &volume.mount_points, published);
        list(tree, &format!("{node}/extents"), &volume.extents, published);
    }
}

/// The label, unless it would not be published as it is: with control characters, or too long.
fn label(volume: &Volume) -> Option<&str> {
    volume.label.as_deref().filter(|label| sanitize(label) == **label)
}

/// The published value, unless the new one differs by 1 % of the size or by 64 MiB, whichever is less.
fn free(volume: &Volume, node: &str, published: &Tree) -> Option<u64> {
    let is_same = published.get(&format!("{node}/name")) == Some(&sanitize(&volume.name));
    let known = published.get(&format!("{node}/free")).filter(|_| is_same);
    let step = volume.size.map_or(STEP, |size| STEP.min(size / 100)).max(1);
    volume.free.map(|now| sampled(known, now, step))
}

fn list(tree: &mut Tree, node: &str, values: &[String], published: &Tree) {
    let values: Vec<String> = values.iter().map(|value| sanitize(value)).collect();
    for (value, index) in values.iter().zip(keep(&by_index(published, node, ""), &values)) {
        tree.set_nonempty(format!("{node}/{index}"), Some(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(names: &[&str], before: &Tree) -> Tree {
        let volume = |name: &&str| facts::Volume { name: (*name).into(), ..Default::default() };
        let mut tree = Tree::default();
        render(&mut tree, &Disks { volumes: names.iter().map(volume).collect() }, before);
        tree
    }

    fn names(tree: &Tree) -> Vec<(u32, &str)> {
        by_index(tree, VOLUMES, "/name").into_iter().collect()
    }

    #[test]
    fn volume_keeps_its_index_and_a_freed_one_is_reused() {
        let three = published(&["/dev/a", "/dev/b", "/dev/c"], &Tree::default());
        assert_eq!(names(&three), [(0, "/dev/a"), (1, "/dev/b"), (2, "/dev/c")]);
        let two = published(&["/dev/c", "/dev/b"], &three);
        assert_eq!(names(&two), [(1, "/dev/b"), (2, "/dev/c")]);
        let again = published(&["/dev/d", "/dev/b", "/dev/c", "/dev/e"], &two);
        assert_eq!(names(&again), [(0, "/dev/d"), (1, "/dev/b"), (2, "/dev/c"), (3, "/dev/e")]);
    }

    #[test]
    fn invalid_nodes_below_volumes_give_no_index() {
        let mut before = Tree::default();
        for (path, value) in [("01", "/dev/a"), ("-1", "/dev/a"), ("x", "/dev/a"), ("1", "/dev/b")]
        {
            before.set(format!("{VOLUMES}/{path}/name"), value);
        }
        before.set(format!("{VOLUMES}/7/extents/name"), "/dev/a");
        assert_eq!(
            names(&published(&["/dev/a", "/dev/b"], &before)),
            [(0, "/dev/a"), (1, "/dev/b")]
        );
    }

    /// The value that is published next if `before` is published and `now` bytes are free.
    fn next(size: u64, before: Option<u64>, now: Option<u64>) -> Option<u64> {
        let of = |free| {
            let name = "/dev/xvda1".to_owned();
            Disks { volumes: vec![Volume { name, size: Some(size), free, ..Volume::default() }] }
        };
        let (mut first, mut second) = (Tree::default(), Tree::default());
        render(&mut first, &of(before), &Tree::default());
        render(&mut second, &of(now), &first);
        second.get("data/volumes/0/free").map(|free| free.parse().unwrap())
    }

    // Compared with the published value, so small changes add up, and a restart writes nothing.
    #[test]
    fn free_of_a_small_volume_is_published_if_it_moved_by_1_percent() {
        assert_eq!(next(1000, Some(500), Some(509)), Some(500));
        assert_eq!(next(1000, Some(500), Some(510)), Some(510));
        assert_eq!(next(1000, Some(500), Some(490)), Some(490));
    }

    #[test]
    fn free_of_a_large_volume_is_published_if_it_moved_by_64_mib() {
        let terabyte = 1 << 40;
        assert_eq!(next(terabyte, Some(STEP), Some(2 * STEP - 1)), Some(STEP));
        assert_eq!(next(terabyte, Some(STEP), Some(2 * STEP)), Some(2 * STEP));
    }

    #[test]
    fn free_that_appears_or_disappears_is_published() {
        assert_eq!(next(1000, None, Some(1)), Some(1));
        assert_eq!(next(1000, Some(1), None), None);
        assert_eq!(next(0, Some(1), Some(2)), Some(2));
    }

    #[test]
    fn free_is_not_kept_for_another_volume_at_the_same_index() {
        let mut before = Tree::default();
        before.set("data/volumes/0/name", "/dev/xvdb1");
        before.set("data/volumes/0/free", "500");
        let volume = Volume { name: "/dev/xvda1".into(), free: Some(501), ..Volume::default() };
        let mut after = Tree::default();
        render(&mut after, &Disks { volumes: vec![volume] }, &before);
        assert_eq!(after.get("data/volumes/0/free"), Some("501"));
    }

    #[test]
    fn label_is_published_only_as_it_is() {
        let published = |label: &str| {
            let label = Some(label.to_owned());
            let volume = Volume { name: "/dev/xvda1".into(), label, ..Volume::default() };
            let mut tree = Tree::default();
            render(&mut tree, &Disks { volumes: vec![volume] }, &Tree::default());
            tree.get("data/volumes/0/volume_name").map(str::to_owned)
        };
        assert_eq!(published("my data €").as_deref(), Some("my data €"));
        assert_eq!(published(&"x".repeat(2_000)), Some("x".repeat(2_000)));
        for label in ["", "a\u{1b}[1m", "a\nb", &"x".repeat(2_001)] {
            assert_eq!(published(label), None, "{label:?}");
        }
    }

    // A name is compared as it is published: without control characters.
    #[test]
    fn volume_name_with_control_characters_keeps_its_index() {
        let first = published(&["/dev/a", "/dev/\u{1b}[1mb"], &Tree::default());
        assert_eq!(names(&published(&["/dev/\u{1b}[1mb"], &first)), [(1, "/dev/[1mb")]);
    }
}
