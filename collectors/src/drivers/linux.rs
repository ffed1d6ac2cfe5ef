//! Linux: sysfs.

use std::time::Duration;

pub use super::sysfs::list_drivers;

/// How often to read the drivers. A driver is there from the boot, but for a module that is loaded by hand.
pub const INTERVAL: Duration = Duration::from_secs(300);
