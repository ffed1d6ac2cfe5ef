//! A table in `/proc` that is kept open: poll(2) reports a change only on a descriptor that was open
//! before the change.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::poll::{PollSource, is_ready};

/// The bytes of a table that the kernel returns with one read.
const PAGE: usize = 4096;
/// The bytes that are read of a table at most: more than 100,000 mounts.
const MAX_LENGTH: u64 = 32 * 1024 * 1024;

/// How often a table is read at most while it changes meanwhile.
const ATTEMPTS: u32 = 8;

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

    /// Reads the table, again if it changed meanwhile.
    ///
    /// # Errors
    /// As open(2) and read(2) return them, with the path.
    pub fn read(&mut self) -> io::Result<Vec<u8>> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(File::open(&self.path)?),
        };
        let source = PollSource::PollPri(file.as_raw_fd());
        let text = read_unchanged(|| read(file), || is_ready(source, Duration::ZERO));
        text.map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", self.path.display()))
        })
    }
}

fn read(file: &mut File) -> io::Result<Vec<u8>> {
    // One page is enough for most tables. Without a capacity there would be a dozen small reads.
    let mut text = Vec::with_capacity(PAGE);
    file.rewind()?;
    file.take(MAX_LENGTH).read_to_end(&mut text)?;
    Ok(text)
}

/// A table of more than a page needs several reads. If a mount is added or removed between them, kernels before
/// 5.8 skip an entry or return it twice. The last attempt is not followed by poll(2), which would consume the
/// event, so the collector wakes up and reads the table once more.
fn read_unchanged(
    mut read: impl FnMut() -> io::Result<Vec<u8>>,
    mut has_changed: impl FnMut() -> bool,
) -> io::Result<Vec<u8>> {
    for _ in 1..ATTEMPTS {
        let text = read()?;
        if !has_changed() {
            return Ok(text);
        }
    }
    read()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A table that changes during each of the first `changes` reads. Returns the text and the number of reads.
    fn read_during(changes: u32) -> (String, u32) {
        let reads = Cell::new(0);
        let read = || {
            reads.set(reads.get() + 1);
            Ok(if reads.get() > changes { "whole" } else { "torn" }.into())
        };
        let text = read_unchanged(read, || reads.get() <= changes).unwrap();
        (String::from_utf8(text).unwrap(), reads.get())
    }

    #[test]
    fn table_that_changed_while_it_was_read_is_read_again() {
        assert_eq!(read_during(0), ("whole".into(), 1));
        assert_eq!(read_during(1), ("whole".into(), 2));
        assert_eq!(read_during(u32::MAX), ("torn".into(), ATTEMPTS));
    }
}
