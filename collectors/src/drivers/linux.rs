//! Linux: sysfs.

pub use super::sysfs::list_drivers;
