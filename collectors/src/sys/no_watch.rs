//! Systems without inotify: nothing is watched.

use std::io;
use std::path::Path;

use super::Watched;
use crate::poll::PollSource;
use crate::watch_loop::ChangeSource;

/// There is none.
#[derive(Debug)]
pub enum DirWatch {}

impl DirWatch {
    /// Returns none.
    ///
    /// # Errors
    /// Never.
    pub fn new(_root: &Path, _watched: Watched) -> io::Result<Option<Self>> {
        Ok(None)
    }
}

impl ChangeSource for DirWatch {
    fn sources(&self) -> Vec<PollSource> {
        match *self {}
    }

    fn has_changed(&mut self) -> bool {
        match *self {}
    }
}
