//! Systems that do not tell of it: a refresh is needed there.

use std::io;
use std::path::Path;

use super::Notice;
use crate::wait::Source;

/// Watches nothing.
#[derive(Debug)]
pub struct Directories;

impl Directories {
    /// Watches nothing below `root`.
    ///
    /// # Errors
    /// Never.
    pub fn watch(_root: &Path, _directories: &[&str], _notice: Notice) -> io::Result<Self> {
        Ok(Self)
    }

    /// Nothing to wait for.
    #[must_use]
    pub fn source(&self) -> Option<Source> {
        None
    }

    /// Nothing to forget.
    pub fn drain(&mut self) {}
}
