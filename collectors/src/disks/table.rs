//! A table in `/proc` that is kept open: poll(2) reports a change only on a descriptor that was open
//! before the change.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use crate::poll::PollSource;

/// The bytes of a table that the kernel returns with one read.
const PAGE: usize = 4096;
/// The bytes that are read of a table at most: more than 100,000 mounts.
const MAX_LENGTH: u64 = 32 * 1024 * 1024;

/// One table.
pub struct Table {
    path: PathBuf,
    file: Option<File>,
}

impl Table {
    /// Opens the table at `path` below `root`; if that fails, [`Table::read`] tries it again.
    pub fn new(root: &Path, path: &str) -> Self {
        let path = root.join(path);
        Self { file: File::open(&path).ok(), path }
    }

    /// The descriptor that becomes ready if the table changes.
    pub fn source(&self) -> Option<PollSource> {
        self.file.as_ref().map(|file| PollSource::PollPri(file.as_raw_fd()))
    }

    /// Reads the table.
    ///
    /// # Errors
    /// As open(2) and read(2) return them, with the path.
    pub fn read(&mut self) -> io::Result<Vec<u8>> {
        // One page is enough for most tables. Without a capacity there would be a dozen small reads.
        let mut text = Vec::with_capacity(PAGE);
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(File::open(&self.path)?),
        };
        let read = file.rewind().and_then(|()| file.take(MAX_LENGTH).read_to_end(&mut text));
        read.map(|_| text).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", self.path.display()))
        })
    }
}
