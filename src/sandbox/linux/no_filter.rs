//! Processors for which seccompiler makes no filters.

use std::io;

/// Installs nothing.
///
/// # Errors
/// Always: there is no filter.
pub fn restrict() -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "no filter for this processor"))
}
