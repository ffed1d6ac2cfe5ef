//! FreeBSD: each driver with a device has its own sysctls, `dev.xn` for `xn0` (`sys/kern/subr_bus.c`).

use std::path::Path;

use facts::{Driver, Drivers};

use crate::sysctl;
pub use crate::watch_loop::INTERVAL;

/// The drivers of VIFs, of virtual block devices and of the balloon, with their sysctls.
const DRIVERS: [(&str, &str); 3] =
    [("xn", "dev.xn"), ("xbd", "dev.xbd"), ("xenballoon", "dev.xenballoon")];

/// The drivers of this system.
#[must_use]
pub fn list_drivers(_root: &Path) -> Drivers {
    let version = sysctl::by_name("kern.osrelease").map(|release| sysctl::text(&release));
    let driver = |name: &str| {
        let version = version.as_ref().ok()?.clone();
        Some(Driver { vendor: "FreeBSD", name: name.into(), version })
    };
    let there = DRIVERS.iter().filter(|(_, node)| sysctl::exists(node));
    let (vif, vbd) = (sysctl::exists("dev.xn"), sysctl::exists("dev.xbd"));
    Drivers { in_use: there.filter_map(|(name, _)| driver(name)).collect(), vif, vbd }
}
