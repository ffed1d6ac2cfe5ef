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
use log::debug;

use super::rtnetlink::Parent;
use crate::bounded_read::text;

/// The VIF of a parent device; `None` for another kind of device.
#[must_use]
pub fn of_parent(parent: &Parent) -> Option<u32> {
    if parent.bus != b"xen" {
        return None;
    }
    number(parent.device.strip_prefix(b"vif-")?)
}

/// The VIF of the link with this name and index, from sysfs mounted below `root`. `None` also if the name belongs to
/// another link by now: the message about its new name follows.
///
/// # Errors
/// When sysfs cannot be read, as open(2) and read(2) have them.
pub fn lookup(root: &Path, name: &[u8], index: u32) -> io::Result<Option<u32>> {
    let directory = root.join("sys/class/net").join(OsStr::from_bytes(name));
    let index = index.to_string();
    let has_index = || line(&directory.join("ifindex")).map(|line| line.as_ref() == Some(&index));
    // Before and after: the name may be given to another link in between.
    if !has_index()? {
        return Ok(None);
    }
    let Some(vif) = of_device(&directory.join("device"))? else { return Ok(None) };
    Ok(has_index()?.then_some(vif))
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
        debug!("network: {}: {node:?} is no VIF; link not published as one", path.display());
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

    // A directory in place of a file is an error of reading.
    #[test]
    fn absent_entry_in_sysfs_is_no_vif_and_an_unreadable_one_an_error() {
        let root = std::env::temp_dir().join(format!("xga-vif-{}", std::process::id()));
        assert_eq!(lookup(&root, b"eth0", 2).unwrap(), None);
        let link = root.join("sys/class/net/eth0");
        std::fs::create_dir_all(link.join("device/devtype")).unwrap();
        std::fs::write(link.join("ifindex"), "2\n").unwrap();
        let unreadable = lookup(&root, b"eth0", 2);
        let other_index = lookup(&root, b"eth0", 3);
        std::fs::remove_dir_all(&root).unwrap();
        assert!(unreadable.is_err());
        assert_eq!(other_index.unwrap(), None);
    }
}
