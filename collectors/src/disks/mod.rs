//! Disks: what the guest keeps data on, and how full it is.
//!
//! [`mountinfo`] and [`swaps`] read the kernel's tables, [`places`] picks the mounts that people care
//! about, [`layout`] finds their devices in sysfs and makes volumes of them, [`figures`] says how full
//! they are; the platform's file waits and asks. No program is run, and no device is opened.
//!
//! A file system that may not answer (FUSE, NFS, a cluster's) is never asked, nor is a path through
//! one walked: a thread that waits for a FUSE daemon cannot even be killed. Its volume has no `free`.

pub mod figures;
mod layout;
pub mod mountinfo;
pub mod places;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "unsupported.rs")]
mod platform;
pub mod swaps;
mod sysfs;
mod vbd;

use std::fs;
use std::io;
use std::path::Path;

use facts::Disks;

use figures::Figures;
pub use platform::run;

const MOUNTINFO: &str = "proc/self/mountinfo";
const SWAPS: &str = "proc/swaps";

/// The volumes of the system below `root`, of which `ask` tells how full the file system at a path is.
///
/// # Errors
/// When the table of mounts cannot be read.
pub fn describe(root: &Path, ask: impl Fn(&Path) -> io::Result<Figures>) -> io::Result<Disks> {
    let mounts = mountinfo::parse(&fs::read(root.join(MOUNTINFO))?);
    let swaps = swaps::parse(&fs::read(root.join(SWAPS)).unwrap_or_default());
    let mut volumes = layout::lay_out(root, &places::of(&mounts), &swaps);
    volumes.truncate(layout::MOST);
    for volume in &mut volumes {
        let figures = volume.ask.as_deref().and_then(|path| ask(path).ok());
        volume.take(figures, &swaps);
    }
    Ok(Disks { volumes: volumes.into_iter().map(|volume| volume.fact).collect() })
}
