//! Which VIF a NIC is: by the device that it hangs on, never by its name.
//!
//! Since Linux 5.14 a link message names its parent device (`xen`, `vif-0`). Before, and for what
//! has none in the message, sysfs tells: `/sys/class/net/IF/device/{devtype,nodename}`, written by
//! the kernel's `drivers/xen/xenbus/xenbus_probe.c`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use log::warn;

use super::rtnetlink::Parent;
use crate::bounded_read::first_line;

/// The VIF behind a parent device; `None` for another kind of device.
#[must_use]
pub fn of_parent(parent: &Parent) -> Option<u32> {
    if parent.bus != b"xen" {
        return None;
    }
    number(parent.device.strip_prefix(b"vif-")?)
}

/// The VIF that sysfs, mounted below `root`, shows behind the interface `name`.
#[must_use]
pub fn in_sysfs(root: &Path, name: &[u8]) -> Option<u32> {
    let device = root.join("sys/class/net").join(OsStr::from_bytes(name)).join("device");
    if first_line(&device.join("devtype"))? != "vif" {
        return None;
    }
    let node = first_line(&device.join("nodename"))?;
    let vif = node.strip_prefix("device/vif/").and_then(|id| number(id.as_bytes()));
    if vif.is_none() {
        let path = device.join("nodename");
        warn!("network: {}: {node:?} names no vif; its NIC is left out", path.display());
    }
    vif
}

/// A decimal number and nothing else; what does not fit is none.
fn number(digits: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok()?;
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(bus: &str, device: &str) -> Option<u32> {
        of_parent(&Parent { bus: bus.into(), device: device.into() })
    }

    #[test]
    fn a_vif_is_a_xen_device_with_a_number() {
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
