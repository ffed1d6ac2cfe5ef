//! Systems whose network cannot be read yet.

use std::io;
use std::path::Path;

use super::snapshot::Snapshot;
use crate::poll::PollSource;

/// Nothing can be made of it.
pub enum Lister {}

impl Lister {
    /// Fails.
    ///
    /// # Errors
    /// Always.
    pub fn open(_root: &Path) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Cannot be called.
    pub fn changes(&self) -> PollSource {
        match *self {}
    }

    /// Cannot be called.
    ///
    /// # Errors
    /// None.
    pub fn list(&mut self) -> io::Result<&Snapshot> {
        match *self {}
    }
}
