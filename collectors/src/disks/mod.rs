//! Disks: the guest's volumes and their free space.
//!
//! [`mountinfo`] and [`swaps`] parse the kernel's tables, [`volume_mounts`] and [`mount_tree`] select the
//! mounts that are volumes, [`volumes`] finds their devices in sysfs, [`udev`] their UUIDs and labels, [`tracker`] samples their free space, and
//! the platform's file waits for changes. No program is run, and no device is opened.
//!
//! statfs(2) is never called on a file system that may not answer (FUSE, NFS, cluster file systems), and no path
//! is resolved through one: a thread that waits for a FUSE daemon cannot be killed. Such a volume has no `free`.

mod block_device;
pub mod mount_tree;
pub mod mountinfo;
#[cfg_attr(target_os = "linux", path = "linux/mod.rs")]
#[cfg_attr(not(target_os = "linux"), path = "fallback.rs")]
mod platform;
pub mod swaps;
mod table;
pub mod tracker;
mod udev;
pub mod volume_mounts;
mod volumes;

pub use platform::run;

/// Whether the volumes of this system can be read.
pub const IS_SUPPORTED: bool = cfg!(target_os = "linux");
