//! Linux: `/proc/meminfo`, kept open and read with one system call a sample.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use facts::Memory;

use super::meminfo;
use crate::drivers::BALLOON;

/// More than any kernel's meminfo, which has about 1.5 KiB.
const BUFFER: usize = 8 * 1024;

/// Where memory is read from.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    open: Option<File>,
    balloon: bool,
}

impl Source {
    /// The memory of the system below `root`.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        let balloon = root.join(BALLOON).exists();
        Self { path: root.join("proc/meminfo"), open: None, balloon }
    }

    /// The memory now.
    ///
    /// # Errors
    /// When `/proc/meminfo` cannot be read or names no total.
    pub fn sample(&mut self) -> io::Result<Memory> {
        let sample = self.read();
        if sample.is_err() {
            self.open = None;
        }
        sample.map_err(|error| io::Error::new(error.kind(), format!("/proc/meminfo: {error}")))
    }

    fn read(&mut self) -> io::Result<Memory> {
        let file = match &self.open {
            Some(file) => file,
            None => self.open.insert(File::open(&self.path)?),
        };
        let mut buffer = [0; BUFFER];
        let length = file.read_at(&mut buffer, 0)?;
        let text = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
        let (total, available) = meminfo::parse(&text)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no MemTotal in it"))?;
        Ok(Memory { total, available, balloon: self.balloon })
    }
}
