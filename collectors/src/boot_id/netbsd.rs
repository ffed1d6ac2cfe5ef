//! NetBSD: its kernel gives a boot no id.

use std::path::Path;

/// None.
#[must_use]
pub fn read(_root: &Path) -> Option<String> {
    None
}
