//! Processors for which the crate seccompiler makes no filters: i686, armv7 and others.

use std::io;

use super::Allowed;

/// Installs nothing.
///
/// # Errors
/// Always: there is no filter.
pub fn restrict(_allowed: Allowed) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "no filter for this processor"))
}
