//! Linux: the drivers on Xen's bus in sysfs: one directory for each driver, with links to its devices and to its module
//! (`drivers/base/bus.c`, `drivers/xen/xenbus/xenbus_probe.c`).

use std::fs::DirEntry;
use std::path::Path;
use std::time::Duration;

use facts::{Driver, Drivers};

use crate::bounded_read::{entries, exists, first_line, link_target};

/// How often to read the drivers. A driver is there from the boot, but for a module that is loaded by hand.
pub const INTERVAL: Duration = Duration::from_secs(300);

/// The drivers of the devices that the host's toolstack plugs in.
const DRIVERS: &str = "sys/bus/xen/drivers";

/// The kernel's balloon driver, `drivers/xen/xen-balloon.c`, which is on no bus. The driver registers the device
/// at the end of its initialization, and only in a Xen domain.
pub const BALLOON: &str = "sys/devices/system/xen_memory/xen_memory0";

/// The drivers of the system below `root`. Without sysfs there are none.
#[must_use]
pub fn list_drivers(root: &Path) -> Drivers {
    let drivers = root.join(DRIVERS);
    let mut names: Vec<String> =
        entries(&drivers).filter(|entry| drives(&entry.path())).map(|entry| name(&entry)).collect();
    if exists(&root.join(BALLOON)) {
        names.push("xen-balloon".into());
    }
    names.sort_unstable();
    names.dedup();
    // They are parts of the kernel, so their version is the kernel's.
    let release = first_line(&root.join("proc/sys/kernel/osrelease"));
    let driver = |name| Some(Driver { vendor: "Linux", name, version: release.clone()? });
    let is_there = |driver| exists(&drivers.join(driver));
    Drivers {
        in_use: names.into_iter().filter_map(driver).collect(),
        vif: is_there("vif"),
        vbd: is_there("vbd"),
    }
}

/// Whether the driver has a device: a kernel may have all drivers built in and few devices.
fn drives(driver: &Path) -> bool {
    entries(driver).any(|entry| {
        entry.file_name() != "module" && entry.file_type().is_ok_and(|kind| kind.is_symlink())
    })
}

/// The name of the driver's module. Of drivers that are built in, some kernels have no link to the module, such
/// as Ubuntu's 6.8; the directory has only the name of the device: `vif`.
fn name(driver: &DirEntry) -> String {
    let module = link_target(&driver.path().join("module"));
    let module = module.as_deref().and_then(Path::file_name).map(ToOwned::to_owned);
    let name = module.unwrap_or_else(|| match driver.file_name().to_str() {
        Some("vif") => "xen-netfront".into(),
        Some("vbd") => "xen-blkfront".into(),
        _ => driver.file_name(),
    });
    // The name is a field of a line and may contain no blank.
    name.to_string_lossy().replace(|c: char| c == '_' || c.is_whitespace(), "-")
}
