//! FreeBSD: sysctl(3); no watch of directories.

use std::path::Path;

pub use super::guest::freebsd as check_guest;
pub use super::no_watch::DirWatch;
use crate::sysctl;

/// Whether a running system always has `/proc`: it need not be mounted.
pub const HAS_PROC: bool = false;

/// The id of this boot, sixteen random bytes (`kern.boot_id` in `sys/kern/kern_mib.c`); `None` before FreeBSD 13, and
/// until the kernel has random bytes.
#[must_use]
pub fn boot_id(_root: &Path) -> Option<String> {
    sysctl::uuid(&sysctl::by_name("kern.boot_id").ok()?)
}
