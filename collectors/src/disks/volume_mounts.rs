//! Selects the mounts that are volumes, and those of them that statfs(2) can be called on without a risk
//! to block. No I/O.

use std::collections::BTreeSet;

use facts::set_of;

use super::mount_tree::{MountTree, UsagePath};
use super::mountinfo::{DevNum, Mount};

/// File systems of images, which are always full. A system may mount dozens.
const IMAGES: [&[u8]; 5] = [b"squashfs", b"iso9660", b"erofs", b"cramfs", b"romfs"];
/// File systems on block devices whose mounts may show an anonymous device number.
const ANON_DEV_FS: [&[u8]; 2] = [b"btrfs", b"bcachefs"];
/// File systems whose statfs(2) answers from memory or reads their own device.
const STATVFS_SAFE: &[&[u8]] = &[
    b"ext2",
    b"ext3",
    b"ext4",
    b"xfs",
    b"btrfs",
    b"bcachefs",
    b"f2fs",
    b"jfs",
    b"reiserfs",
    b"nilfs2",
    b"vfat",
    b"msdos",
    b"exfat",
    b"ntfs",
    b"ntfs3",
    b"hfs",
    b"hfsplus",
    b"udf",
    b"ufs",
    b"minix",
];
/// More file systems through which a path can be resolved. Not autofs: its mounts would not expire. Not
/// overlay: a lookup queries each layer, and a layer may be FUSE or NFS. The options have the layers' paths at
/// mount time, which may lead elsewhere now.
const TRAVERSAL_SAFE: &[&[u8]] = &[
    b"rootfs",
    b"tmpfs",
    b"ramfs",
    b"devtmpfs",
    b"proc",
    b"sysfs",
    b"squashfs",
    b"erofs",
    b"iso9660",
    b"zfs",
];

/// Container runtimes mount the root file systems of containers below these directories. `*` is any one name.
const CONTAINER_DIRECTORIES: [&[u8]; 8] = [
    b"/var/lib/docker",
    b"/var/lib/containers",
    b"/var/lib/containerd",
    b"/var/lib/lxc",
    b"/var/lib/lxd",
    b"/var/lib/rancher/*/agent/containerd",
    b"/run/containerd",
    b"/run/k3s/containerd",
];

/// A mount of a file system on a block device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeMount {
    /// The device; `None` if the number is anonymous: then only the source names the device.
    pub device: Option<DevNum>,
    /// The mount source.
    pub source: Vec<u8>,
    /// The kind of file system.
    pub kind: Vec<u8>,
    /// The file system is read-only, not only this mount of it.
    pub read_only: bool,
    /// The mount point; `None` if other mounts hide it, if it shows only a directory of the file system, as bind
    /// mounts do, or if it is the root of a container.
    pub point: Option<Vec<u8>>,
    /// The path for statfs(2); `None` if that could block, or if an earlier mount of the same file system has
    /// one.
    pub usage_path: Option<UsagePath>,
}

/// The mounts of volumes in `mounts`, in their order: each visible mount of a complete file system, and one
/// entry without a mount point for each file system that has none. Bind mounts and subvolumes of containers
/// change nothing here.
#[must_use]
pub fn find_volume_mounts(mounts: &[Mount]) -> Vec<VolumeMount> {
    let tree = MountTree::new(mounts);
    let mut has_path = BTreeSet::new();
    let mut found = Vec::new();
    for (index, mount) in mounts.iter().enumerate().filter(|(_, mount)| is_volume(mount)) {
        let device = (mount.device.major != 0).then_some(mount.device);
        let is_shown = is_complete(mount) && !is_container(mount) && tree.is_visible(index);
        let may_statfs = is_shown && is_among(STATVFS_SAFE, &mount.kind) && tree.is_walkable(index);
        let usage_path = (may_statfs && has_path.insert((device, &mount.source)))
            .then(|| tree.usage_path(index));
        found.push(VolumeMount {
            device,
            source: mount.source.clone(),
            kind: mount.kind.clone(),
            read_only: mount.read_only,
            point: is_shown.then(|| mount.point.clone()),
            usage_path,
        });
    }
    drop_hidden_duplicates(found)
}

fn is_volume(mount: &Mount) -> bool {
    (mount.device.major != 0 || is_among(&ANON_DEV_FS, &mount.kind))
        && !is_among(&IMAGES, &mount.kind)
}

/// Removes mounts without a mount point whose file system has another entry.
fn drop_hidden_duplicates(mut found: Vec<VolumeMount>) -> Vec<VolumeMount> {
    let key = |mount: &VolumeMount| (mount.device, mount.source.clone());
    let mut seen = set_of(found.iter().filter(|mount| mount.point.is_some()).map(key));
    found.retain(|mount| mount.point.is_some() || seen.insert(key(mount)));
    found
}

fn is_among(kinds: &[&[u8]], kind: &[u8]) -> bool {
    kinds.contains(&kind)
}

/// Whether a path can be resolved through such a file system without a risk to block.
pub fn is_traversal_safe(kind: &[u8]) -> bool {
    is_among(STATVFS_SAFE, kind) || is_among(TRAVERSAL_SAFE, kind)
}

/// Whether the mount has the complete file system or subvolume, or is the root of the system. Other mounts are
/// bind mounts of a directory.
pub fn is_complete(mount: &Mount) -> bool {
    mount.root == b"/" || mount.point == b"/" || mount.subvolume.as_ref() == Some(&mount.root)
}

/// Whether the mount is a subvolume of btrfs that a container has as its root.
fn is_container(mount: &Mount) -> bool {
    mount.subvolume.as_ref().is_some_and(|subvolume| subvolume != b"/")
        && is_container_path(&mount.point)
}

/// Whether a mount point is below a directory of a container runtime.
pub fn is_container_path(point: &[u8]) -> bool {
    CONTAINER_DIRECTORIES.iter().any(|directory| {
        let mut names = point.split(|&byte| byte == b'/');
        let mut directory = directory.split(|&byte| byte == b'/');
        directory.all(|name| names.next().is_some_and(|is| name == b"*" || name == is))
            && names.next().is_some()
    })
}

#[cfg(test)]
mod tests;
