//! Which mounts are volumes to people, where one can see them, and which of them can be asked how full
//! they are without a risk to wait for ever. No I/O.

use std::collections::{BTreeMap, BTreeSet};

use super::mountinfo::{Mount, Number};

/// Images: they are as full as they were made, and there may be dozens.
const IMAGES: [&[u8]; 5] = [b"squashfs", b"iso9660", b"erofs", b"cramfs", b"romfs"];
/// Kinds over block devices whose mounts show a number that is no device's.
const ANON_DEV_FS: [&[u8]; 2] = [b"btrfs", b"bcachefs"];
/// Kinds that answer out of the kernel's memory how full they are, or after a look at their own device.
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
/// Kinds through which a path can be walked as well. Not autofs, though what is mounted there may be
/// local: to walk through it would keep it from ever being unmounted.
const TRAVERSAL_SAFE: &[&[u8]] = &[
    b"rootfs",
    b"tmpfs",
    b"ramfs",
    b"devtmpfs",
    b"proc",
    b"sysfs",
    b"overlay",
    b"squashfs",
    b"erofs",
    b"iso9660",
    b"zfs",
];

/// A file system on a block device, and where it is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeMount {
    /// The device; none where the number does not tell, so that the source has to.
    pub device: Option<Number>,
    /// What it was mounted from.
    pub source: Vec<u8>,
    /// The kind of file system.
    pub kind: Vec<u8>,
    /// The file system itself can only be read.
    pub read_only: bool,
    /// Where it can be seen; none where other mounts hide it, or show only parts of it, as bind mounts
    /// do.
    pub point: Option<Vec<u8>>,
    /// Whether the file system can be asked there.
    pub can_be_asked: bool,
}

/// The places among `mounts`, in their order: where each file system can be seen, or one for all if it
/// cannot be. What containers do all day, to mount parts of them elsewhere, changes nothing here.
#[must_use]
pub fn of(mounts: &[Mount]) -> Vec<VolumeMount> {
    let forest = MountTree::new(mounts);
    let is_volume = |mount: &&Mount| {
        (mount.device.major != 0 || among(&ANON_DEV_FS, &mount.kind))
            && !among(&IMAGES, &mount.kind)
    };
    let place = |mount: &Mount| {
        let shows = is_whole(mount) && forest.shows(mount);
        VolumeMount {
            device: (mount.device.major != 0).then_some(mount.device),
            source: mount.source.clone(),
            kind: mount.kind.clone(),
            read_only: options(mount).any(|option| option == b"ro"),
            point: shows.then(|| mount.point.clone()),
            can_be_asked: shows && among(STATVFS_SAFE, &mount.kind) && forest.can_be_reached(mount),
        }
    };
    let mut places: Vec<VolumeMount> = mounts.iter().filter(is_volume).map(place).collect();
    let key = |place: &VolumeMount| (place.device, place.source.clone());
    let mut seen: BTreeSet<_> =
        places.iter().filter(|place| place.point.is_some()).map(key).collect();
    places.retain(|place| place.point.is_some() || seen.insert(key(place)));
    places
}

fn among(kinds: &[&[u8]], kind: &[u8]) -> bool {
    kinds.contains(&kind)
}

fn options(mount: &Mount) -> impl Iterator<Item = &[u8]> {
    mount.options.split(|&byte| byte == b',')
}

/// Whether it shows all of the file system, or a subvolume of it, or is where the system lives. Else
/// it is a bind mount.
fn is_whole(mount: &Mount) -> bool {
    let subvolume = options(mount).find_map(|option| option.strip_prefix(b"subvol="));
    mount.root == b"/" || mount.point == b"/" || subvolume == Some(mount.root.as_slice())
}

/// The mounts by what they are mounted on.
struct MountTree<'a> {
    by_id: BTreeMap<u32, &'a Mount>,
    children: BTreeMap<u32, Vec<&'a Mount>>,
}

impl<'a> MountTree<'a> {
    fn new(mounts: &'a [Mount]) -> Self {
        let mut children = BTreeMap::<u32, Vec<&Mount>>::new();
        for mount in mounts {
            children.entry(mount.parent).or_default().push(mount);
        }
        Self { by_id: mounts.iter().map(|mount| (mount.id, mount)).collect(), children }
    }

    fn on(&self, id: u32) -> impl Iterator<Item = &'a Mount> {
        self.children.get(&id).into_iter().flatten().copied()
    }

    /// The mount, what it is mounted on, and so on; not in a circle, whatever the table says.
    fn way(&self, mount: &'a Mount) -> impl Iterator<Item = &'a Mount> {
        let below = |mount: &&'a Mount| self.by_id.get(&mount.parent).copied();
        std::iter::successors(Some(mount), below).take(self.by_id.len())
    }

    /// Whether its path leads to it, and not to what was mounted over it or over a directory above.
    fn shows(&self, mount: &'a Mount) -> bool {
        let is_over = |above: &Mount, below: &Mount| {
            above.point != b"/"
                && below
                    .point
                    .strip_prefix(above.point.as_slice())
                    .is_some_and(|rest| rest.starts_with(b"/"))
        };
        let is_gone = mount.point.ends_with(b"//deleted");
        mount.point == b"/"
            || !is_gone
                && self.on(mount.id).all(|child| {
                    // A directory of its own, as a service's private /tmp is, leads to it as well.
                    let is_its_own = child.device == mount.device && !is_whole(child);
                    child.point != mount.point || is_its_own
                })
                && self
                    .way(mount)
                    .all(|step| self.on(step.parent).all(|beside| !is_over(beside, step)))
    }

    fn can_be_reached(&self, mount: &'a Mount) -> bool {
        let is_safe =
            |step: &Mount| among(STATVFS_SAFE, &step.kind) || among(TRAVERSAL_SAFE, &step.kind);
        self.way(mount).all(is_safe)
    }
}

#[cfg(test)]
mod tests;
