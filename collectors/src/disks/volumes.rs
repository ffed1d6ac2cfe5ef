//! The volumes without their figures: each device once, with what it is called, where it is mounted
//! and which disks it lies on. Reads sysfs and udev's database below a given root, nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use facts::Volume;

use super::block_device::Device;
use super::fs_usage::FsUsage;
use super::mount_tree::VolumeMount;
use super::swaps::Swap;

/// Volumes that are told of at most; who takes them cuts the others off.
pub const MAX_VOLUMES: usize = 64;
/// The mount points of a volume that are told: people have a few, clusters of containers hundreds.
const MOST_POINTS: usize = 16;

/// A volume, and where its figures come from.
#[derive(Clone, Debug, Default)]
pub struct TrackedVolume {
    /// What is told of it.
    pub fact: Volume,
    /// Where its file system can be asked.
    pub ask: Option<PathBuf>,
    /// The path in the table of swaps.
    swap: Option<Vec<u8>>,
}

impl TrackedVolume {
    /// Takes what is free on it: out of its file system's answer, or the table of swaps.
    pub fn take(&mut self, figures: Option<FsUsage>, swaps: &[Swap]) {
        self.fact.free = match &self.swap {
            Some(path) => swaps.iter().find(|swap| swap.path == *path).map(|swap| swap.free),
            None => figures.map(|figures| figures.free),
        };
    }
}

/// The volumes, the root file system first, then others that are mounted, swap, LVM.
pub fn find_volumes(root: &Path, places: &[VolumeMount], swaps: &[Swap]) -> Vec<TrackedVolume> {
    let mut mounted = by_device(root, places);
    to_front(&mut mounted, |(_, places)| places.iter().any(|place| point(place) == Some(b"/")));
    let mut used: BTreeSet<Device> = mounted.iter().map(|(device, _)| device.clone()).collect();
    let mut volumes: Vec<TrackedVolume> =
        mounted.iter().map(|(device, places)| file_system(root, device, places)).collect();
    for swap in swaps {
        let device = Device::by_path(root, &swap.path).filter(|device| !device.is_memory());
        if let Some(device) = device.filter(|device| used.insert(device.clone())) {
            let fact = fact(root, &device, "swap", "[SWAP]");
            volumes.push(TrackedVolume { fact, ask: None, swap: Some(swap.path.clone()) });
        }
    }
    for device in Device::all(root) {
        if device.is_physical_volume() && used.insert(device.clone()) {
            volumes.push(TrackedVolume {
                fact: fact(root, &device, "lvm2", "[LVM]"),
                ..TrackedVolume::default()
            });
        }
    }
    volumes
}

fn point(place: &VolumeMount) -> Option<&[u8]> {
    place.point.as_deref()
}

/// Puts the first that `is` before all others.
fn to_front<T>(list: &mut [T], is: impl Fn(&T) -> bool) {
    let at = list.iter().position(is);
    if let Some(up_to_it) = at.and_then(|at| list.get_mut(..=at)) {
        up_to_it.rotate_right(1);
    }
}

/// The places of each device, in their order; without those of no device, of memory, and of images.
fn by_device<'a>(root: &Path, places: &'a [VolumeMount]) -> Vec<(Device, Vec<&'a VolumeMount>)> {
    let mut found: Vec<(Device, Vec<&VolumeMount>)> = Vec::new();
    // Of one device there may be thousands of bind mounts.
    let mut known = BTreeMap::new();
    for place in places {
        let find = || match place.device {
            Some(number) => Device::by_number(root, number),
            None => Device::by_path(root, &place.source),
        };
        let at = *known.entry((place.device, &place.source)).or_insert_with(|| {
            let device = find().filter(|device| {
                !(device.is_memory() || device.holds_images() && place.read_only)
            })?;
            Some(found.iter().position(|(other, _)| *other == device).unwrap_or_else(|| {
                found.push((device, Vec::new()));
                found.len() - 1
            }))
        });
        if let Some((_, places)) = at.and_then(|at| found.get_mut(at)) {
            places.push(place);
        }
    }
    found
}

fn file_system(root: &Path, device: &Device, places: &[&VolumeMount]) -> TrackedVolume {
    let kind = places.first().map(|place| String::from_utf8_lossy(&place.kind)).unwrap_or_default();
    let mut fact = fact(root, device, &kind, "");
    let mut points: Vec<&[u8]> = Vec::new();
    for new in places.iter().filter_map(|place| point(place)) {
        if !points.contains(&new) && points.len() < MOST_POINTS {
            points.push(new);
        }
    }
    to_front(&mut points, |point| *point == b"/");
    fact.mount_points = points.iter().map(|p| String::from_utf8_lossy(p).into_owned()).collect();
    if kind == "btrfs" {
        spread(root, device, &mut fact);
    }
    let asked = places.iter().find(|place| place.can_be_asked).and_then(|place| point(place));
    let ask =
        asked.map(|point| root.join(OsStr::from_bytes(point.strip_prefix(b"/").unwrap_or(point))));
    TrackedVolume { fact, ask, swap: None }
}

/// Has the fact of a btrfs file system tell of all devices that it is spread over.
fn spread(root: &Path, device: &Device, fact: &mut Volume) {
    let Some(uuid) = device.uuid(root) else { return };
    let devices = Device::in_directory(&root.join("sys/fs/btrfs").join(uuid).join("devices"));
    if devices.contains(device) {
        fact.size = devices.iter().map(Device::size).sum();
        let disks: BTreeSet<String> = devices.iter().flat_map(Device::disks).collect();
        fact.extents = disks.into_iter().collect();
    }
}

fn fact(root: &Path, device: &Device, kind: &str, point: &str) -> Volume {
    let path = device.path();
    Volume {
        name: device.uuid(root).map_or(path.clone(), |uuid| format!("{path}({uuid})")),
        size: device.size(),
        free: None,
        filesystem: kind.to_owned(),
        mount_points: vec![point.to_owned()],
        extents: device.disks().into_iter().collect(),
    }
}
