//! The known volumes and their free space, compared with those that were sent last.
//!
//! Devices are looked up only if mounts of volumes or swaps have changed, not for changes of other mounts. A
//! sample in between only calls statvfs, and stat on the directory of udev's database.

use std::io;
use std::path::Path;
use std::time::SystemTime;

use facts::Disks;
use log::warn;

use super::mount_tree::UsagePath;
use super::mountinfo;
use super::swaps::{self, Swap};
use super::table::Table;
use super::udev;
use super::volume_mounts::{VolumeMount, find_volume_mounts};
use super::volumes::{MAX_VOLUMES, TrackedVolume, find_volumes};
use crate::bounded_read;
use crate::failure_log::FailureLog;
use crate::poll::PollSource;

const MOUNTINFO: &str = "proc/self/mountinfo";
const SWAPS: &str = "proc/swaps";

/// The volumes of one system.
pub struct Tracker<'a> {
    root: &'a Path,
    statvfs: Box<Statvfs<'a>>,
    mounts: Table,
    swaps: Table,
    table_failures: FailureLog,
    swap_failures: FailureLog,
    device_failures: FailureLog,
    usage_failures: FailureLog,
    has_logged_limit: bool,
    /// The mounts and swaps from which `volumes` were made.
    found: (Vec<VolumeMount>, Vec<Swap>),
    volumes: Vec<TrackedVolume>,
    /// Whether `volumes` were made from `found`.
    is_known: bool,
    /// When udev's database had last changed before `volumes` were made.
    udev: Option<SystemTime>,
    sent: Option<Disks>,
}

impl<'a> Tracker<'a> {
    /// Tracks the system below `root`; `statvfs` reads the use of a file system.
    pub fn new(root: &'a Path, statvfs: Box<Statvfs<'a>>) -> Self {
        Self {
            root,
            statvfs,
            mounts: Table::new(root, MOUNTINFO),
            swaps: Table::new(root, SWAPS),
            table_failures: FailureLog::new("disks"),
            swap_failures: FailureLog::new("disks: swap"),
            device_failures: FailureLog::new("disks: devices"),
            usage_failures: FailureLog::new("disks: free space"),
            has_logged_limit: false,
            found: Default::default(),
            volumes: Vec::new(),
            is_known: false,
            udev: None,
            sent: None,
        }
    }

    /// The descriptors that become ready if a table changes.
    #[must_use]
    pub fn sources(&self) -> Vec<PollSource> {
        [&self.mounts, &self.swaps].into_iter().filter_map(Table::source).collect()
    }

    /// Whether mounts of volumes, or the devices of swap, differ from those that were looked up.
    pub fn has_changed(&mut self) -> bool {
        self.read_tables().is_some_and(|(mounts, swaps)| {
            mounts != self.found.0 || !have_same_paths(&swaps, &self.found.1)
        })
    }

    fn read_tables(&mut self) -> Option<(Vec<VolumeMount>, Vec<Swap>)> {
        let table = self.table_failures.record(self.mounts.read())?;
        Some((find_volume_mounts(&mountinfo::parse(&table)), self.read_swaps()))
    }

    /// Kernels without swap have no such table. If it cannot be read, the known devices stay.
    fn read_swaps(&mut self) -> Vec<Swap> {
        let swaps = match self.swaps.read() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            table => table.map(|table| swaps::parse(&table)),
        };
        self.swap_failures.record(swaps).unwrap_or_else(|| self.found.1.clone())
    }

    /// Finds the volumes and reads their free space. If that fails, the next sample tries again.
    pub fn look_up(&mut self) {
        self.is_known = false;
        self.udev = udev::last_change(self.root);
        let Some(found) = self.read_tables() else { return };
        let volumes =
            bounded_read::check_fd_exhaustion(|| find_volumes(self.root, &found.0, &found.1));
        let Some(mut volumes) = self.device_failures.record(volumes) else { return };
        if volumes.len() > MAX_VOLUMES && !std::mem::replace(&mut self.has_logged_limit, true) {
            warn!("disks: {} volumes; the first {MAX_VOLUMES} are published", volumes.len());
        }
        volumes.truncate(MAX_VOLUMES);
        (self.found, self.volumes, self.is_known) = (found, volumes, true);
        self.read_usage();
    }

    /// Reads the free space of the volumes. Returns whether the devices must be looked up again: one was resized, udev
    /// has read one, or other devices of swap are in the table that was read.
    pub fn sample(&mut self) -> bool {
        if !self.is_known {
            self.look_up();
            return false;
        }
        let mut has_other_swaps = false;
        if !self.found.1.is_empty() {
            let swaps = self.read_swaps();
            has_other_swaps = !have_same_paths(&swaps, &self.found.1);
            self.found.1 = swaps;
        }
        let is_resized = self.read_usage();
        has_other_swaps || is_resized || udev::last_change(self.root) != self.udev
    }

    /// Calls statvfs for each volume that has a path. Returns whether a total changed.
    fn read_usage(&mut self) -> bool {
        let (mut is_resized, mut failure) = (false, None);
        for volume in &mut self.volumes {
            let usage = volume.usage_path.as_ref().map(&self.statvfs).transpose();
            match usage {
                // No descriptor was free to read the figures, so the old ones stay.
                Err(error) if bounded_read::is_exhaustion(&error) => {
                    failure = Some(error.to_string())
                }
                usage => {
                    let path = volume.usage_path.iter().map(|path| path.to_string());
                    let usage = usage.unwrap_or_else(|error| {
                        failure = Some(format!("{}: {error}", path.collect::<String>()));
                        None
                    });
                    is_resized |= volume.set_usage(usage, &self.found.1);
                }
            }
        }
        self.usage_failures.record(failure.map_or(Ok(()), Err));
        is_resized
    }

    /// The volumes, if they differ from those that the last call returned.
    pub fn take_changed(&mut self) -> Option<Disks> {
        let volumes = self.volumes.iter().map(|volume| volume.fact.clone()).collect();
        let disks = self.is_known.then_some(Disks { volumes })?;
        if self.sent.as_ref() == Some(&disks) {
            return None;
        }
        self.sent = Some(disks.clone());
        Some(disks)
    }
}

fn have_same_paths(some: &[Swap], others: &[Swap]) -> bool {
    some.iter().map(|swap| &swap.path).eq(others.iter().map(|swap| &swap.path))
}

#[cfg(test)]
mod tests;

/// Size and free space of a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FsUsage {
    /// Its capacity, which changes if it is resized.
    pub total: u64,
    /// The bytes that a user without privileges can still write.
    pub free: u64,
}

/// Reads the use of the file system at a path.
pub type Statvfs<'a> = dyn Fn(&UsagePath) -> io::Result<FsUsage> + 'a;
