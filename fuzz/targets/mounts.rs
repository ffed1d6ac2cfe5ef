//! `/proc/self/mountinfo`, a NUL, `/proc/swaps`: the parsers and the selection of volumes.

#![no_main]

use std::collections::BTreeMap;

use collectors::disks::mountinfo::{DevNum, Mount, parse, unescape};
use collectors::disks::swaps;
use collectors::disks::volume_mounts::find_volume_mounts;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let (table, swap_table) =
        input.split_at(input.iter().position(|&b| b == 0).unwrap_or(input.len()));
    let mounts = parse(table);
    assert_eq!(mounts, parse(table));
    mounts.iter().for_each(check);
    check_part(table, &mounts);
    check_swaps(swap_table);
    check_volume_mounts(&mounts);
});

fn check(mount: &Mount) {
    assert_eq!(DevNum::parse(mount.device.to_string().as_bytes()), Some(mount.device));
    for field in [&mount.root, &mount.point, &mount.kind, &mount.source] {
        let escaped: Vec<u8> =
            field.iter().flat_map(|byte| format!("\\{byte:03o}").into_bytes()).collect();
        assert_eq!(unescape(&escaped), *field);
    }
}

/// A table that is cut in a line gives the same mounts as the whole, except for that line.
fn check_part(table: &[u8], mounts: &[Mount]) {
    let mut part = parse(table.split_at(table.len() / 2).0);
    part.pop();
    assert!(mounts.starts_with(&part));
}

fn check_swaps(table: &[u8]) {
    for swap in swaps::parse(table) {
        assert!(swap.free <= swap.size && (swap.size % 1024 == 0 || swap.size == u64::MAX));
        assert!(!swap.path.is_empty());
    }
}

fn check_volume_mounts(mounts: &[Mount]) {
    let found = find_volume_mounts(mounts);
    assert!(found.len() <= mounts.len());
    for volume in &found {
        let number = |mount: &Mount| Some(mount.device).filter(|number| number.major != 0);
        assert!(
            mounts
                .iter()
                .any(|mount| (number(mount), &mount.source) == (volume.device, &volume.source))
        );
        assert!(volume.point.is_some() || volume.usage_path.is_none());
        let (Some(point), Some(path)) = (&volume.point, &volume.usage_path) else { continue };
        assert!(!may_hang(&volume.kind), "{volume:?}");
        if let Some(Walk { end, way }) = is_real(mounts).then(|| walk(mounts, point)).flatten() {
            // Only the order distinguishes mounts at one point.
            let hangs = |step: &&Mount| {
                may_hang(&step.kind) || step.kind == b"overlay" && step.point != b"/"
            };
            assert!(!way.iter().any(hangs), "{volume:?} is behind {way:?}");
            assert_eq!((number(end), &end.kind), (volume.device, &volume.kind), "{volume:?}");
            assert!(path.0.last().is_none_or(|last| last.mount_id == end.id), "{volume:?}");
        }
    }
}

/// Kinds whose requests wait for another process or machine.
fn may_hang(kind: &[u8]) -> bool {
    let kinds =
        [&b"fuse"[..], b"nfs", b"cifs", b"smb", b"9p", b"ceph", b"autofs", b"ocfs2", b"gfs2"];
    kinds.iter().any(|start| kind.starts_with(start))
}

/// Whether a kernel could have made the table: it has one root; each other mount is after and below the one
/// that it is mounted on; no two are mounted at the same place.
fn is_real(mounts: &[Mount]) -> bool {
    let mut known = BTreeMap::<u32, &Mount>::new();
    let mut points = std::collections::BTreeSet::new();
    for (n, mount) in mounts.iter().enumerate() {
        let on = known.get(&mount.parent);
        let is_placed =
            mount.point != b"/" && on.is_some_and(|on| is_below(&mount.point, &on.point));
        let is_root = n == 0 && mount.point == b"/" && mount.parent != mount.id;
        let is_path = mount.point.starts_with(b"/")
            && !mount.point.windows(2).any(|pair| pair == b"//")
            && (n == 0 || !mount.point.ends_with(b"/"));
        let is_new = points.insert((mount.parent, &mount.point)) && !known.contains_key(&mount.id);
        if !(is_path && is_new && (is_placed || is_root)) {
            return false;
        }
        known.insert(mount.id, mount);
    }
    true
}

fn is_below(path: &[u8], top: &[u8]) -> bool {
    path.strip_prefix(top)
        .is_some_and(|rest| rest.is_empty() || top == b"/" || rest.starts_with(b"/"))
}

struct Walk<'a> {
    end: &'a Mount,
    way: Vec<&'a Mount>,
}

/// Resolves a path as the kernel does: at each step it enters the mount on the present one.
fn walk<'a>(mounts: &'a [Mount], path: &[u8]) -> Option<Walk<'a>> {
    let mut way = vec![mounts.first()?];
    let ends = (1..path.len()).filter(|&at| path.get(at) == Some(&b'/')).chain([path.len()]);
    for end in [1].into_iter().chain(ends) {
        while let Some(over) = mounts.iter().find(|mount| {
            way.last().is_some_and(|here| here.id == mount.parent)
                && path.get(..end) == Some(&mount.point)
        }) {
            way.push(over);
        }
    }
    Some(Walk { end: way.last()?, way })
}
