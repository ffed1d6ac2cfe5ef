//! FreeBSD: the kernel's counters, by sysctl(3). The crate sysinfo would open kvm(3) for each sample, and does
//! not count memory of the laundry and of ZFS as available.

use std::io;
use std::path::Path;

use facts::Memory;

use super::vm_stats::{FREEBSD_BALLOON, of_freebsd};
use crate::sysctl;

/// Where memory is read from.
#[derive(Debug)]
pub struct Source {
    balloon: bool,
}

impl Source {
    /// The memory of this system.
    #[must_use]
    pub fn new(_root: &Path) -> Self {
        Self { balloon: sysctl::exists(FREEBSD_BALLOON) }
    }

    /// The memory now.
    ///
    /// # Errors
    /// When the system names no total.
    pub fn sample(&mut self) -> io::Result<Memory> {
        let (total, available) = of_freebsd(sysctl::number)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "vm.stats names no total"))?;
        Ok(Memory { total, available, balloon: self.balloon })
    }
}
