//! A NIC and what keeps its addresses from being published: what people ask for when a host shows none. The
//! facts that are published are elsewhere. No I/O but the link to the driver.

use std::net::IpAddr;
use std::path::Path;

use facts::Mac;

use crate::bounded_read::link_target;

/// A NIC of the guest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nic {
    /// The kernel's interface index.
    pub index: u32,
    /// The interface's name; what is not UTF-8 in it is replaced.
    pub name: String,
    /// `N` of the backend's `device/vif/N`, when the NIC is a Xen VIF.
    pub vif: Option<u32>,
    /// The Ethernet address that the device came with; `None` for VIFs.
    pub perm_mac: Option<Mac>,
    /// The name of the driver of its device, where sysfs shows it: `e1000`.
    pub driver: Option<String>,
    /// It is up, administratively.
    pub is_up: bool,
    /// `--exclude-nics` has it.
    pub is_excluded: bool,
    /// Addresses that are tentative: duplicate address detection is not over.
    pub tentative: Vec<IpAddr>,
    /// Addresses that failed duplicate address detection.
    pub failed: Vec<IpAddr>,
}

/// The driver of the device of the NIC with this name, from sysfs below `root`.
pub fn driver(root: &Path, name: &str) -> Option<String> {
    let link = root.join("sys/class/net").join(name).join("device/driver");
    Some(link_target(&link)?.file_name()?.to_string_lossy().into_owned())
}
