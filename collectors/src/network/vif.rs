//! Finds the VIF of a link by its parent device, not by its name.
//!
//! Since Linux 5.14 a link message has the parent device (`xen`, `vif-0`). On older kernels, and if the message
//! has none, it is read from sysfs: `/sys/class/net/IF/device/{devtype,nodename}`, written by the kernel's
//! `drivers/xen/xenbus/xenbus_probe.c`. The kernels of the BSDs do not report it: it is found in xenstore.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use facts::decimal;
use log::debug;
use xenstore::{Connection, Error};

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

/// A directory for each VIF, written by the toolstack, with its `mac`. NetBSD's frontend writes its name to `vifname`
/// there.
const PATH: &str = "device/vif";

/// The number in `device/vif/N`, the value of FreeBSD's sysctl `dev.xn.U.xenstore_path`.
#[must_use]
pub fn of_path(path: &str) -> Option<u32> {
    decimal(path.strip_prefix(PATH)?.strip_prefix('/')?)
}

/// The unit of a driver's interface: 3 of `xn3` for the driver `xn`.
#[must_use]
pub fn unit(name: &str, driver: &str) -> Option<u32> {
    decimal(name.strip_prefix(driver)?)
}

/// The VIF whose key `leaf` has the wanted value.
///
/// # Errors
/// If the connection cannot be used any more.
pub fn find(
    connection: &mut Connection,
    leaf: &str,
    is_wanted: impl Fn(&str) -> bool,
) -> io::Result<Option<u32>> {
    for name in Error::absent(connection.list(PATH))?.unwrap_or_default() {
        let Some(vif) = decimal(&name) else { continue };
        let value = Error::absent(connection.read(&format!("{PATH}/{vif}/{leaf}")))?;
        if is_wanted(value.unwrap_or_default().trim()) {
            return Ok(Some(vif));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_host::host;

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

    #[test]
    fn vif_is_found_by_the_name_that_the_kernel_wrote() {
        let mut host = host(vec![
            ("device/vif", Some(b"x\x000\x002\x00")),
            ("device/vif/0/vifname", None),
            ("device/vif/2/vifname", Some(b"xennet0\n\0")),
        ]);
        assert_eq!(find(&mut host, "vifname", |name| name == "xennet0").unwrap(), Some(2));
    }

    #[test]
    fn guest_without_vifs_has_none() {
        let mut host = host(vec![("device/vif", None)]);
        assert_eq!(find(&mut host, "mac", |_| true).unwrap(), None);
    }

    #[test]
    fn lost_connection_is_an_error() {
        assert!(find(&mut host(vec![]), "mac", |_| true).is_err());
    }

    #[test]
    fn path_and_name_hold_a_number_and_nothing_else() {
        assert_eq!(of_path("device/vif/0"), Some(0));
        assert_eq!(of_path("device/vif/4294967295"), Some(u32::MAX));
        for path in ["device/vif/", "device/vif/+1", "device/vif/01", "device/vbd/0", "", "0"] {
            assert_eq!(of_path(path), None, "{path}");
        }
        assert_eq!(unit("xn3", "xn"), Some(3));
        assert_eq!(unit("xnb3", "xn"), None);
        assert_eq!(unit("xennet0", "xn"), None);
    }
}
