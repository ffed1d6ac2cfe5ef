//! FreeBSD 13 and later: sixteen random bytes (`kern.boot_id` in `sys/kern/kern_mib.c`).

use std::path::Path;

use super::uuid;
use crate::sysctl;

/// The id of this boot; none before 13, and none until the kernel has random bytes.
#[must_use]
pub fn read(_root: &Path) -> Option<String> {
    uuid(&sysctl::by_name("kern.boot_id").ok()?)
}
