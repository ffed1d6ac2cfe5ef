//! NetBSD: its kernel has no boot id.

use std::path::Path;

/// None.
#[must_use]
pub fn read(_root: &Path) -> Option<String> {
    None
}
