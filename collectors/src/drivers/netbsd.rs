//! NetBSD: the driver of VIFs is loaded if it has an interface. The driver of disks cannot be detected.

use std::ffi::CString;
use std::path::Path;

use facts::{Driver, Drivers};

use crate::sysctl;
pub use crate::watch_loop::INTERVAL;

/// The driver of VIFs, `sys/arch/xen/xen/if_xennet_xenbus.c`.
const VIF: &str = "xennet";
/// The number of its units that are tried.
const UNITS: u32 = 16;

/// The drivers of this system.
#[must_use]
pub fn list_drivers(_root: &Path) -> Drivers {
    let vif = (0..UNITS).any(|unit| has_interface(&format!("{VIF}{unit}")));
    let release = sysctl::by_name("kern.osrelease").map(|release| sysctl::text(&release));
    let driver = |version| Driver { vendor: "NetBSD", name: VIF.into(), version };
    let in_use = release.into_iter().filter(|_| vif).map(driver).collect();
    Drivers { in_use, vif, vbd: false }
}

#[allow(unsafe_code, reason = "a system call")]
fn has_interface(name: &str) -> bool {
    let Ok(name) = CString::new(name) else { return false };
    // SAFETY: `name` ends with a NUL and lives through the call.
    unsafe { libc::if_nametoindex(name.as_ptr()) != 0 }
}
