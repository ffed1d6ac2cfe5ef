//! Makes the list of volumes from mounts, swaps and LVM's physical volumes: each device once, with its name, its
//! mount points and the disks below it. Reads only sysfs and udev's database below a given root.

use std::collections::BTreeMap;
use std::path::Path;

use facts::{Volume, set_of};

use super::block_device::Device;
use super::mount_tree::UsagePath;
use super::swaps::Swap;
use super::tracker::FsUsage;
use super::udev::FsNames;
use super::volume_mounts::{VolumeMount, is_container_path};
use crate::bounded_read::entries;

/// The number of volumes that are published at most.
pub const MAX_VOLUMES: usize = 64;
/// The number of mount points of a volume that are published at most. Container hosts have hundreds.
const MAX_MOUNT_POINTS: usize = 16;

/// A volume, and the path by which its free space is read.
#[derive(Clone, Debug, Default)]
pub struct TrackedVolume {
    /// The published facts.
    pub fact: Volume,
    /// Where to call statvfs; `None` for swap and LVM, and if it could block.
    pub usage_path: Option<UsagePath>,
    /// The path in the table of swaps.
    swap: Option<Vec<u8>>,
    /// The capacity that statvfs returned last, in bytes.
    total: Option<u64>,
}

impl TrackedVolume {
    /// Sets the free space from `usage`, or from the table of swaps. Returns whether the capacity differs from
    /// that of an earlier call.
    pub fn set_usage(&mut self, usage: Option<FsUsage>, swaps: &[Swap]) -> bool {
        self.fact.free = match &self.swap {
            Some(path) => swaps.iter().find(|swap| swap.path == *path).map(|swap| swap.free),
            None => usage.map(|usage| usage.free),
        };
        let total = usage.map(|usage| usage.total);
        std::mem::replace(&mut self.total, total) != total
    }
}

/// The volumes: the root file system, other mounted file systems, swap, LVM's physical volumes.
pub fn find_volumes(root: &Path, mounts: &[VolumeMount], swaps: &[Swap]) -> Vec<TrackedVolume> {
    let mut mounted = by_device(root, mounts);
    move_to_front(&mut mounted, |(_, mounts)| {
        mounts.iter().any(|mount| point(mount) == Some(b"/"))
    });
    let mut used = set_of(mounted.iter().map(|(device, _)| device.clone()));
    let mut volumes: Vec<TrackedVolume> =
        mounted.iter().map(|(device, mounts)| file_system(root, device, mounts)).collect();
    for swap in swaps {
        let device = Device::by_path(root, &swap.path).filter(|device| !device.is_ramdisk());
        if let Some(device) = device.filter(|device| used.insert(device.clone())) {
            let (fact, swap) = (fact(root, &device, "swap", "[SWAP]"), Some(swap.path.clone()));
            volumes.push(TrackedVolume { fact, swap, ..TrackedVolume::default() });
        }
    }
    for device in Device::all(root) {
        if device.is_physical_volume() && used.insert(device.clone()) {
            let fact = fact(root, &device, "lvm2", "[LVM]");
            volumes.push(TrackedVolume { fact, ..TrackedVolume::default() });
        }
    }
    volumes
}

fn point(mount: &VolumeMount) -> Option<&[u8]> {
    mount.point.as_deref()
}

/// Moves the first item that matches to the front.
fn move_to_front<T>(list: &mut [T], matches: impl Fn(&T) -> bool) {
    let at = list.iter().position(matches);
    if let Some(up_to_it) = at.and_then(|at| list.get_mut(..=at)) {
        up_to_it.rotate_right(1);
    }
}

/// A device and its mounts.
type Mounted<'a> = (Device, Vec<&'a VolumeMount>);

/// The mounts of each device, in their order, without ramdisks, images, thin devices of containers, and mounts whose
/// device is not in sysfs.
fn by_device<'a>(root: &Path, mounts: &'a [VolumeMount]) -> Vec<Mounted<'a>> {
    let mut found: Vec<Mounted> = Vec::new();
    let mut without_device: Vec<&VolumeMount> = Vec::new();
    // One device may have thousands of bind mounts: sysfs is read once for all of them.
    let (mut known, mut indices) = (BTreeMap::new(), BTreeMap::new());
    for mount in mounts {
        let at = *known.entry((mount.device, &mount.source)).or_insert_with(|| {
            let device = device_of(root, mount)?;
            Some(*indices.entry(device).or_insert_with_key(|device| {
                found.push((device.clone(), Vec::new()));
                found.len() - 1
            }))
        });
        match at.and_then(|at| found.get_mut(at)) {
            Some((_, mounts)) => mounts.push(mount),
            None => without_device.push(mount),
        }
    }
    add_btrfs_root(root, &mut found, without_device);
    found.retain_mut(|(device, mounts)| {
        if device.is_thin_without_uuid() {
            mounts.retain(|mount| !point(mount).is_some_and(is_container_path));
        }
        let is_image = |mount: &&VolumeMount| mount.read_only && device.is_loop_or_optical();
        !device.is_ramdisk() && mounts.first().is_some_and(|mount| !is_image(mount))
    });
    found
}

fn device_of(root: &Path, mount: &VolumeMount) -> Option<Device> {
    match mount.device {
        Some(number) => Device::by_number(root, number),
        None => sources(mount).find_map(|source| Device::by_path(root, source)),
    }
}

/// The devices in the mount source: bcachefs on several devices joins them with colons
/// (`bch2_show_devname` in `fs/bcachefs/fs.c`).
fn sources(mount: &VolumeMount) -> impl Iterator<Item = &[u8]> {
    mount.source.split(|&byte| byte == b':' && mount.kind == b"bcachefs")
}

/// A kernel that mounts btrfs as the root without an initramfs has the source `/dev/root`, which is no device.
/// It is the only btrfs in sysfs without another mount, if there is exactly one.
fn add_btrfs_root<'a>(root: &Path, found: &mut Vec<Mounted<'a>>, mut mounts: Vec<&'a VolumeMount>) {
    mounts.retain(|mount| mount.kind == b"btrfs" && mount.source == b"/dev/root");
    if mounts.is_empty() {
        return;
    }
    let is_mounted = |device: &Device| found.iter().any(|(other, _)| other == device);
    let mut unknown: Vec<_> = btrfs_devices(root).collect();
    unknown.retain(|devices| !devices.iter().any(is_mounted));
    if let [devices] = unknown.as_slice() {
        found.extend(devices.first().map(|device| (device.clone(), mounts)));
    }
}

/// The devices of each mounted btrfs; never empty.
fn btrfs_devices(root: &Path) -> impl Iterator<Item = Vec<Device>> {
    let file_systems = entries(&root.join("sys/fs/btrfs"));
    let devices = file_systems.map(|entry| Device::in_directory(&entry.path().join("devices")));
    devices.filter(|devices| !devices.is_empty())
}

fn file_system(root: &Path, device: &Device, mounts: &[&VolumeMount]) -> TrackedVolume {
    let first = mounts.first();
    let kind = first.map(|mount| String::from_utf8_lossy(&mount.kind)).unwrap_or_default();
    let mut fact = fact(root, device, &kind, "");
    let mut points: Vec<&[u8]> = Vec::new();
    for new in mounts.iter().filter_map(|mount| point(mount)) {
        if points.len() < MAX_MOUNT_POINTS && !points.contains(&new) {
            points.push(new);
        }
    }
    move_to_front(&mut points, |point| *point == b"/");
    fact.mount_points = points.iter().map(|p| String::from_utf8_lossy(p).into_owned()).collect();
    let all = match kind.as_ref() {
        "btrfs" => btrfs_devices(root).find(|all| all.contains(device)),
        "bcachefs" => first
            .and_then(|mount| sources(mount).map(|source| Device::by_path(root, source)).collect()),
        _ => None,
    };
    if let Some(all) = all {
        add_devices(&all, &mut fact);
    }
    let usage_path = mounts.iter().find_map(|mount| mount.usage_path.clone());
    TrackedVolume { fact, usage_path, ..TrackedVolume::default() }
}

/// Sets size and disks of a file system on several devices.
fn add_devices(devices: &[Device], fact: &mut Volume) {
    fact.size = devices.iter().map(Device::size).sum();
    let disks = set_of(devices.iter().flat_map(Device::disks));
    fact.extents = disks.into_iter().collect();
}

fn fact(root: &Path, device: &Device, kind: &str, point: &str) -> Volume {
    let (path, names) = (device.path(), FsNames::of(root, device));
    Volume {
        name: names.uuid.map_or(path.clone(), |uuid| format!("{path}({uuid})")),
        label: names.label,
        size: device.size(),
        free: None,
        filesystem: kind.to_owned(),
        mount_points: vec![point.to_owned()],
        extents: device.disks().into_iter().collect(),
    }
}
