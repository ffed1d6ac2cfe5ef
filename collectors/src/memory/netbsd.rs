//! NetBSD: the kernel's counters, by sysctl(3). The crate sysinfo does not support this system.

use std::io;
use std::path::Path;

use facts::Memory;

use super::vm_stats::{NETBSD_BALLOON, of_netbsd};
use crate::headers::netbsd::{CTL_VM, VM_UVMEXP2};
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
        Self { balloon: sysctl::exists(NETBSD_BALLOON) }
    }

    /// The memory now.
    ///
    /// # Errors
    /// As sysctl(3) has them, and when the system names no total.
    pub fn sample(&mut self) -> io::Result<Memory> {
        let counters = sysctl::by_mib(&[CTL_VM, VM_UVMEXP2])?;
        let left = sysctl::number(NETBSD_BALLOON);
        let (total, available) = of_netbsd(&counters, left).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "vm.uvmexp2 names no total")
        })?;
        Ok(Memory { total, available, balloon: self.balloon })
    }
}
