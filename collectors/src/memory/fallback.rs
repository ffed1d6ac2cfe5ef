//! Systems without `/proc/meminfo`: the figures of the crate sysinfo.

use std::io;
use std::path::Path;

use facts::Memory;
use sysinfo::System;

/// Where memory is read from.
#[derive(Debug)]
pub struct Source;

impl Source {
    /// The memory of this system.
    #[must_use]
    pub fn new(_root: &Path) -> Self {
        Self
    }

    /// The memory now.
    ///
    /// # Errors
    /// When the system names no total.
    pub fn sample(&mut self) -> io::Result<Memory> {
        let mut system = System::new();
        system.refresh_memory();
        let (total, available) = (system.total_memory() / 1024, system.available_memory() / 1024);
        if total == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the system names no total"));
        }
        Ok(Memory { total, available, balloon: false })
    }
}
