//! Linux: a file of `/proc`, as text.

use std::path::Path;

use crate::bounded_read::first_line;

/// The id of the boot of the system below `root`.
#[must_use]
pub fn read(root: &Path) -> Option<String> {
    first_line(&root.join("proc/sys/kernel/random/boot_id"))
}
