//! FreeBSD 13 and later: sixteen random bytes (`kern.boot_id` in `sys/kern/kern_mib.c`).

use std::path::Path;

use super::uuid;
use crate::sysctl;

/// The id of this boot; `None` before FreeBSD 13, and until the kernel has random bytes.
#[must_use]
pub fn read(_root: &Path) -> Option<String> {
    uuid(&sysctl::by_name("kern.boot_id").ok()?)
}
