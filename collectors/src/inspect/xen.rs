//! What sysfs has of Xen: its version, the devices on its bus, and where the kernel offers xenstore.

use std::path::Path;

use facts::decimal;

use crate::bounded_read::{entries, exists, first_line, text};

/// A virtual device that the host plugged in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct XenDevice {
    /// `vif`, `vbd`.
    pub kind: String,
    /// Its number.
    pub id: u32,
    /// A driver drives it.
    pub is_driven: bool,
}

/// Xen's version, as `4.17`, where the kernel shows it.
#[must_use]
pub fn xen_version(root: &Path) -> Option<String> {
    let part = |name| first_line(&root.join("sys/hypervisor/version").join(name));
    Some(format!("{}.{}", part("major")?, part("minor")?))
}

/// The VIFs and virtual disks on Xen's bus, sorted.
#[must_use]
pub fn xen_devices(root: &Path) -> Vec<XenDevice> {
    let device = |entry: std::fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let (kind, id) = name.split_once('-')?;
        let is_driven = exists(&entry.path().join("driver"));
        let is_known = matches!(kind, "vif" | "vbd");
        is_known.then_some(XenDevice { kind: kind.into(), id: decimal(id)?, is_driven })
    };
    let mut devices: Vec<_> =
        entries(&root.join("sys/bus/xen/devices")).filter_map(device).collect();
    devices.sort_unstable();
    devices
}

/// Whether the kernel has the device for xenstore, whatever `/dev` shows. sysfs has `!` for `/`
/// (`kobject_set_name_vargs` in `lib/kobject.c`).
#[must_use]
pub fn has_xenbus_device(root: &Path) -> bool {
    exists(&root.join("sys/class/misc/xen!xenbus"))
}

/// Whether the kernel has the file system of `/proc/xen`; `None` where it does not list file systems.
#[must_use]
pub fn has_xenfs(root: &Path) -> Option<bool> {
    let known = text(&root.join("proc/filesystems")).ok()?;
    Some(known.lines().any(|line| line.split_whitespace().last() == Some("xenfs")))
}
