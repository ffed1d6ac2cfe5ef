//! Disks: what the guest keeps data on, and how full it is.
//!
//! [`mountinfo`] and [`swaps`] read the kernel's tables, [`mount_tree`] picks the mounts that people care
//! about, [`volumes`] finds their devices in sysfs and makes volumes of them, [`fs_usage`] says how full
//! they are; the platform's file waits and asks. No program is run, and no device is opened.
//!
//! A file system that may not answer (FUSE, NFS, a cluster's) is never asked, nor is a path through
//! one walked: a thread that waits for a FUSE daemon cannot even be killed. Its volume has no `free`.

mod block_device;
pub mod fs_usage;
pub mod mount_tree;
pub mod mountinfo;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "fallback.rs")]
mod platform;
pub mod swaps;
mod vbd_name;
mod volumes;

use std::fs;
use std::io;
use std::path::Path;

use facts::Disks;

use fs_usage::FsUsage;
pub use platform::run;

const MOUNTINFO: &str = "proc/self/mountinfo";
const SWAPS: &str = "proc/swaps";

/// The volumes of the system below `root`, of which `ask` tells how full the file system at a path is.
///
/// # Errors
/// When the table of mounts cannot be read.
pub fn describe(root: &Path, ask: impl Fn(&Path) -> io::Result<FsUsage>) -> io::Result<Disks> {
    let mounts = mountinfo::parse(&fs::read(root.join(MOUNTINFO))?);
    let swaps = swaps::parse(&fs::read(root.join(SWAPS)).unwrap_or_default());
    let mut volumes = volumes::find_volumes(root, &mount_tree::of(&mounts), &swaps);
    volumes.truncate(volumes::MAX_VOLUMES);
    for volume in &mut volumes {
        let figures = volume.ask.as_deref().and_then(|path| ask(path).ok());
        volume.take(figures, &swaps);
    }
    Ok(Disks { volumes: volumes.into_iter().map(|volume| volume.fact).collect() })
}
