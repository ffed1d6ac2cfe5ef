//! What the kernel has of Xen: its version, the devices on its bus, where it offers xenstore; and whether this process
//! sees the system's own network, files and processes, or those of a container.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use facts::decimal;

use crate::bounded_read::{entries, exists, first_line, link_target, text};

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

/// The first namespace of processes (`PROC_PID_INIT_INO` in the kernel's `linux/proc_ns.h`).
const FIRST_PIDS: &str = "pid:[4026531836]";

/// In which namespaces this process is. `None` is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Namespaces {
    /// Its network is another than that of process 1.
    pub has_own_network: Option<bool>,
    /// Its root directory is another than that of process 1.
    pub has_own_root: Option<bool>,
    /// Process 1 is that of a container.
    pub has_own_processes: Option<bool>,
}

/// The namespaces of this process; `root` is where `/proc` is looked for.
#[must_use]
pub fn namespaces(root: &Path) -> Namespaces {
    let namespace = |path: &str| link_target(&root.join("proc").join(path));
    let directory = |path: &Path| fs::metadata(path).map(|at| (at.dev(), at.ino())).ok();
    let differs = |first: bool| !first;
    Namespaces {
        has_own_network: namespace("1/ns/net")
            .zip(namespace("self/ns/net"))
            .map(|(first, own)| differs(first == own)),
        has_own_root: directory(&root.join("proc/1/root"))
            .zip(directory(&root.join("proc/self/root")))
            .map(|(first, own)| differs(first == own)),
        has_own_processes: namespace("1/ns/pid")
            .map(|first| differs(first == Path::new(FIRST_PIDS))),
    }
}
