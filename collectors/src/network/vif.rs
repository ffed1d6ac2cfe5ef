//! Finds the VIF of a link by its parent device, not by its name.
//!
//! Since Linux 5.14 a link message has the parent device (`xen`, `vif-0`). On older kernels, and if the message
//! has none, it is read from sysfs: `/sys/class/net/IF/device/{devtype,nodename}`, written by the kernel's
//! `drivers/xen/xenbus/xenbus_probe.c`.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use facts::decimal;
use log::warn;

use super::rtnetlink::Parent;
use crate::bounded_read::text;

/// The result of a lookup. The device of a link never changes, so a known result is final.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VifLookup {
    /// Not known yet: look it up again.
    #[default]
    Unknown,
    /// The link is not a VIF.
    NotVif,
    /// `N` of the backend's `device/vif/N`.
    Vif(u32),
}

impl VifLookup {
    /// The VIF, if it is known and there is one.
    #[must_use]
    pub fn vif(self) -> Option<u32> {
        if let Self::Vif(id) = self { Some(id) } else { None }
    }
}

impl From<Option<u32>> for VifLookup {
    /// A final answer.
    fn from(vif: Option<u32>) -> Self {
        vif.map_or(Self::NotVif, Self::Vif)
    }
}

/// The VIF of a parent device; `None` for another kind of device.
#[must_use]
pub fn of_parent(parent: &Parent) -> Option<u32> {
    if parent.bus != b"xen" {
        return None;
    }
    number(parent.device.strip_prefix(b"vif-")?)
}

/// The VIF of the link with this name and index, from sysfs mounted below `root`. `Unknown` if the name
/// belongs to another link by now: the message about its new name follows.
///
/// # Errors
/// When sysfs cannot be read, as open(2) and read(2) have them.
pub fn lookup(root: &Path, name: &[u8], index: u32) -> io::Result<VifLookup> {
    let directory = root.join("sys/class/net").join(OsStr::from_bytes(name));
    let index = index.to_string();
    let has_index = || line(&directory.join("ifindex")).map(|line| line.as_ref() == Some(&index));
    // Before and after: the name may be given to another link in between.
    if !has_index()? {
        return Ok(VifLookup::Unknown);
    }
    let vif = of_device(&directory.join("device"))?;
    Ok(if has_index()? { vif.into() } else { VifLookup::Unknown })
}

/// The VIF of the device in this directory of sysfs; `None` for another kind of device.
///
/// # Errors
/// When a file there cannot be read, as open(2) and read(2) have them.
pub fn of_device(device: &Path) -> io::Result<Option<u32>> {
    if line(&device.join("devtype"))?.is_none_or(|devtype| devtype != "vif") {
        return Ok(None);
    }
    let node = line(&device.join("nodename"))?;
    Ok(node.and_then(|node| of_node(device, &node)))
}

fn of_node(device: &Path, node: &str) -> Option<u32> {
    let vif = node.strip_prefix("device/vif/").and_then(|id| number(id.as_bytes()));
    // In a driver domain, the kernel's end of another guest's VIF has `backend/vif/DOMAIN/N`.
    if vif.is_none() && !node.starts_with("backend/") {
        let path = device.join("nodename");
        warn!("network: {}: {node:?} is no VIF; link not published as one", path.display());
    }
    vif
}

/// The first line, trimmed; `None` if the file does not exist.
fn line(path: &Path) -> io::Result<Option<String>> {
    match text(path) {
        Ok(text) => Ok(text.lines().next().map(|line| line.trim().to_owned())),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// ENODEV: the link was removed while its file was open. EINVAL: it is being removed (`netdev_show` in
/// `net/core/net-sysfs.c`).
fn is_absent(error: &io::Error) -> bool {
    let errno = error.raw_os_error();
    matches!(errno, Some(libc::ENOENT | libc::ENOTDIR | libc::ENODEV | libc::EINVAL))
}

fn number(digits: &[u8]) -> Option<u32> {
    decimal(std::str::from_utf8(digits).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(bus: &str, device: &str) -> Option<u32> {
        of_parent(&Parent { bus: bus.into(), device: device.into() })
    }

    #[test]
    fn parent_on_bus_xen_with_a_number_is_a_vif() {
        assert_eq!(parent("xen", "vif-0"), Some(0));
        assert_eq!(parent("xen", "vif-4294967295"), Some(u32::MAX));
        for (bus, device) in [
            ("pci", "vif-0"),
            ("xen", "vbd-51712"),
            ("xen", "vif-"),
            ("xen", "vif-+1"),
            ("xen", "vif-99999999999"),
            ("", ""),
        ] {
            assert_eq!(parent(bus, device), None, "{bus} {device}");
        }
    }
}
