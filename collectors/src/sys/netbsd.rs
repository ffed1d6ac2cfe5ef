//! NetBSD: no boot id, no watch of directories.

use std::path::Path;

pub use super::guest::netbsd as check_guest;
pub use super::no_watch::DirWatch;

/// Whether a running system always has `/proc`: it need not be mounted.
pub const HAS_PROC: bool = false;

/// None: the kernel has no id of a boot.
#[must_use]
pub fn boot_id(_root: &Path) -> Option<String> {
    None
}
