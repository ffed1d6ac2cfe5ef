//! Block devices in sysfs.
//!
//! `/sys/dev/block` and `/sys/class/block` are documented in the kernel's
//! `Documentation/admin-guide/sysfs-rules.rst`; `slaves` and `holders` link a device of dm, md or
//! bcache with its lower and upper devices. All paths are below a given root.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::mountinfo::DevNum;
use crate::bounded_read::{canonical, entries, exists, first_line, link_target};

const CLASS: &str = "sys/class/block";

/// A block device: its directory in sysfs, links resolved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Device(PathBuf);

impl Device {
    /// The device whose directory, or a link to it, is at `path`.
    pub fn at(path: &Path) -> Option<Self> {
        canonical(path).map(Self)
    }

    /// The device with this number.
    pub fn by_number(root: &Path, number: DevNum) -> Option<Self> {
        Self::at(&root.join("sys/dev/block").join(number.to_string()))
    }

    /// The device at this path below `/dev`, which may be a link.
    pub fn by_path(root: &Path, path: &[u8]) -> Option<Self> {
        let name = path.strip_prefix(b"/dev/").filter(|name| !name.is_empty())?;
        if let Some(name) = name.strip_prefix(b"mapper/") {
            let name = String::from_utf8_lossy(name);
            return Self::all(root)
                .into_iter()
                .find(|device| device.dm_name().is_some_and(|is| is == name));
        }
        // sysfs has `!` in place of a slash in a name.
        let kernels: Vec<u8> = name.iter().map(|&b| if b == b'/' { b'!' } else { b }).collect();
        let class = root.join(CLASS);
        Self::at(&class.join(OsStr::from_bytes(&kernels))).or_else(|| {
            let link = link_target(&root.join("dev").join(OsStr::from_bytes(name)))?;
            Self::at(&class.join(link.file_name()?))
        })
    }

    /// Every device, by name.
    pub fn all(root: &Path) -> Vec<Self> {
        Self::in_directory(&root.join(CLASS))
    }

    /// Every device with a link in `directory`, by name.
    pub fn in_directory(directory: &Path) -> Vec<Self> {
        let mut links: Vec<PathBuf> = entries(directory).map(|entry| entry.path()).collect();
        links.sort_unstable();
        links.iter().filter_map(|link| Self::at(link)).collect()
    }

    /// Its kernel name: `xvda1`, `dm-0`.
    pub fn name(&self) -> String {
        self.0.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Its number, as `MAJOR:MINOR`.
    pub fn number(&self) -> Option<String> {
        first_line(&self.0.join("dev"))
    }

    /// Its usual path: `/dev/xvda1`, `/dev/mapper/vg-root`.
    pub fn path(&self) -> String {
        match self.dm_name() {
            Some(name) => format!("/dev/mapper/{name}"),
            None => format!("/dev/{}", self.name().replace('!', "/")),
        }
    }

    /// Its name in the device mapper.
    fn dm_name(&self) -> Option<String> {
        first_line(&self.0.join("dm/name"))
    }

    /// Its size in bytes. sysfs has it in units of 512 bytes, whatever the block size.
    pub fn size(&self) -> Option<u64> {
        first_line(&self.0.join("size"))?.parse::<u64>().ok()?.checked_mul(512)
    }

    /// Whether it is a ramdisk (`ram*`, `zram*`).
    pub fn is_ramdisk(&self) -> bool {
        let name = self.name();
        name.strip_prefix('z').unwrap_or(&name).starts_with("ram")
    }

    /// Whether it is `loop*` or `sr*`. The caller skips them if the file system is read-only.
    pub fn is_loop_or_optical(&self) -> bool {
        let name = self.name();
        ["loop", "sr"].iter().any(|kind| name.starts_with(kind))
    }

    /// Its UUID in the device mapper, which begins with the name of the program that made it.
    fn dm_uuid(&self) -> Option<String> {
        first_line(&self.0.join("dm/uuid"))
    }

    /// Whether it is a logical volume of LVM or a part of one.
    fn is_lvm(&self) -> bool {
        self.dm_uuid().is_some_and(|uuid| uuid.starts_with("LVM-"))
    }

    /// Whether it is a thin device without a UUID, as container runtimes make them. LVM, cryptsetup, multipath and
    /// kpartx give a UUID to each device.
    pub fn is_thin_without_uuid(&self) -> bool {
        let has_pool = || self.lower_devices().iter().any(|lower| lower.dm_name().is_some());
        self.dm_name().is_some() && self.dm_uuid().is_none() && has_pool()
    }

    /// Whether logical volumes are directly above it.
    pub fn is_physical_volume(&self) -> bool {
        !self.is_lvm() && Self::in_directory(&self.0.join("holders")).iter().any(Self::is_lvm)
    }

    /// The disk of a partition, or the devices in `slaves`.
    fn lower_devices(&self) -> Vec<Self> {
        match self.0.parent() {
            Some(disk) if exists(&self.0.join("partition")) => vec![Self(disk.to_owned())],
            _ => Self::in_directory(&self.0.join("slaves")),
        }
    }

    /// The disks below it, with the host's name for those that the host provides. Devices without a bus are no
    /// disks.
    pub fn disks(&self) -> BTreeSet<String> {
        let (mut disks, mut seen, mut open) =
            (BTreeSet::new(), BTreeSet::new(), vec![self.clone()]);
        while let Some(device) = open.pop() {
            if !seen.insert(device.clone()) {
                continue;
            }
            let below = device.lower_devices();
            let parent = device.0.join("device");
            if below.is_empty() && exists(&parent) {
                let nodename = first_line(&parent.join("nodename"));
                disks.insert(
                    nodename
                        .and_then(|name| vbd_name(&name))
                        .unwrap_or_else(|| device.name().replace('!', "/")),
                );
            }
            open.extend(below);
        }
        disks
    }
}

/// The host's name of a virtual disk: `xvda` for `device/vbd/51712`; `None` if the number has no name. Xen's
/// xen-vbd-interface(7) defines how the number encodes disk and partition. The guest's kernel may have another name
/// for the disk: `xvde` for the host's `xvda`.
fn vbd_name(nodename: &str) -> Option<String> {
    let number: u32 = nodename.strip_prefix("device/vbd/")?.parse().ok()?;
    let (kind, disk, partition) = match number >> 8 {
        202 => ("xvd", number >> 4 & 0xf, number & 0xf),
        8 => ("sd", number >> 4 & 0xf, number & 0xf),
        3 => ("hd", number >> 6 & 0x3, number & 0x3f),
        22 => ("hd", (number >> 6 & 0x3) + 2, number & 0x3f),
        _ if number >> 28 == 1 => ("xvd", number >> 8 & 0xf_ffff, number & 0xff),
        _ => return None,
    };
    let partition = if partition == 0 { String::new() } else { partition.to_string() };
    Some(format!("{kind}{}{partition}", letters(disk)))
}

/// `a` to `z`, then `aa`.
fn letters(disk: u32) -> String {
    let last = char::from(b'a' + (disk % 26) as u8);
    match disk / 26 {
        0 => last.into(),
        more => letters(more - 1) + &last.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The examples of xen-vbd-interface(7) and of hosts.
    #[test]
    fn vbd_numbers_map_to_host_names() {
        for (number, name) in [
            (51_712, "xvda"),
            (51_728, "xvdb"),
            (51_713, "xvda1"),
            (51_952, "xvdp"),
            (268_439_552, "xvdq"),
            (268_442_112, "xvdaa"),
            (2048, "sda"),
            (768, "hda"),
            (832, "hdb"),
            (5632, "hdc"),
            (5696, "hdd"),
        ] {
            assert_eq!(vbd_name(&format!("device/vbd/{number}")).as_deref(), Some(name));
        }
    }

    #[test]
    fn other_numbers_have_no_name() {
        for nodename in
            ["device/vbd/1", "device/vbd/4294967295", "device/vbd/", "device/vif/51712", ""]
        {
            assert_eq!(vbd_name(nodename), None, "{nodename}");
        }
    }
}
