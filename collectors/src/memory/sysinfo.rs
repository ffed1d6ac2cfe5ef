//! Linux, and systems that have no file of their own here: the figures of the crate sysinfo. On Linux they are those
//! of `/proc/meminfo`; kernels before 3.14 do not say what is available, and the crate adds free memory and caches.

use std::io;
use std::path::Path;

use facts::Memory;
use sysinfo::System;

use crate::drivers::platform::BALLOON;

/// Where memory is read from.
#[derive(Debug)]
pub struct Source {
    balloon: bool,
}

impl Source {
    /// The memory of this system; its balloon driver is looked for below `root`.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { balloon: root.join(BALLOON).exists() }
    }

    /// The memory now.
    ///
    /// # Errors
    /// When the system names no total, or its file cannot be read.
    pub fn sample(&mut self) -> io::Result<Memory> {
        // A new one: a file that cannot be read leaves the last figures in an old one.
        let mut system = System::new();
        system.refresh_memory();
        let (total, available) = (system.total_memory() / 1024, system.available_memory() / 1024);
        if total == 0 {
            return Err(io::Error::other("the system names no total"));
        }
        Ok(Memory { total, available: available.min(total), balloon: self.balloon })
    }
}
