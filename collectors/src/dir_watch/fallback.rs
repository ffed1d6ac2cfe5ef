//! Systems without inotify: changes are seen only on a refresh.

use std::io;
use std::path::Path;

use super::DirEvents;
use crate::poll::PollSource;

/// Watches nothing.
#[derive(Debug)]
pub struct DirWatch;

impl DirWatch {
    /// Watches nothing below `root`.
    ///
    /// # Errors
    /// Never.
    pub fn watch(_root: &Path, _directories: &[&str], _notice: DirEvents) -> io::Result<Self> {
        Ok(Self)
    }

    /// Nothing to wait for.
    #[must_use]
    pub fn source(&self) -> Option<PollSource> {
        None
    }

    /// Nothing to discard.
    pub fn drain(&mut self) {}
}
