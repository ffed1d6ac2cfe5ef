//! The volumes as they were found, and how full they are: compared with what was sent last.
//!
//! Devices are looked up only if mounts of volumes or swaps changed, not for each of a thousand other
//! mounts. A sample in between calls statvfs only.

use std::path::Path;

use facts::Disks;
use log::warn;

use super::fs_usage::Statvfs;
use super::mountinfo;
use super::swaps::{self, Swap};
use super::table::Table;
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
    device_failures: FailureLog,
    usage_failures: FailureLog,
    has_logged_limit: bool,
    /// The tables that `volumes` were made from.
    found: (Vec<VolumeMount>, Vec<Swap>),
    volumes: Vec<TrackedVolume>,
    /// Whether `volumes` are those of `found`.
    is_known: bool,
    sent: Option<Disks>,
}

impl<'a> Tracker<'a> {
    /// Tracks the system below `root`; `statvfs` reads how full a file system is.
    pub fn new(root: &'a Path, statvfs: Box<Statvfs<'a>>) -> Self {
        Self {
            root,
            statvfs,
            mounts: Table::new(root, MOUNTINFO),
            swaps: Table::new(root, SWAPS),
            table_failures: FailureLog::new("disks"),
            device_failures: FailureLog::new("disks: devices"),
            usage_failures: FailureLog::new("disks: fullness"),
            has_logged_limit: false,
            found: Default::default(),
            volumes: Vec::new(),
            is_known: false,
            sent: None,
        }
    }

    /// What becomes ready if a table changes.
    #[must_use]
    pub fn sources(&self) -> Vec<PollSource> {
        [&self.mounts, &self.swaps].into_iter().filter_map(Table::source).collect()
    }

    /// Whether mounts of volumes, or the devices of swap, differ from those that were looked up.
    pub fn has_changed(&mut self) -> bool {
        fn paths(swaps: &[Swap]) -> impl Iterator<Item = &Vec<u8>> {
            swaps.iter().map(|swap| &swap.path)
        }
        self.read_tables().is_some_and(|(mounts, swaps)| {
            mounts != self.found.0 || !paths(&swaps).eq(paths(&self.found.1))
        })
    }

    fn read_tables(&mut self) -> Option<(Vec<VolumeMount>, Vec<Swap>)> {
        let table = self.table_failures.record(self.mounts.read())?;
        Some((find_volume_mounts(&mountinfo::parse(&table)), self.read_swaps()))
    }

    /// Kernels without swap have no such table.
    fn read_swaps(&mut self) -> Vec<Swap> {
        swaps::parse(&self.swaps.read().unwrap_or_default())
    }

    /// Finds the volumes and reads how full they are. If that fails, the next sample tries it again.
    pub fn look_up(&mut self) {
        self.is_known = false;
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

    /// Reads how full the volumes are. Returns whether one was resized, so that the devices have to be
    /// looked up again: the kernel sends no event for that.
    pub fn sample(&mut self) -> bool {
        if !self.is_known {
            self.look_up();
            return false;
        }
        if !self.found.1.is_empty() {
            self.found.1 = self.read_swaps();
        }
        self.read_usage()
    }

    /// Calls statvfs for each volume that has a path. Returns whether a total changed.
    fn read_usage(&mut self) -> bool {
        let (mut is_resized, mut failure) = (false, None);
        for volume in &mut self.volumes {
            let usage = volume.statvfs_path.as_ref().map(&self.statvfs).transpose();
            match usage {
                // The figures stay: there was no descriptor to read new ones.
                Err(error) if bounded_read::is_exhaustion(&error) => {
                    failure = Some(error.to_string())
                }
                usage => {
                    let path = volume.statvfs_path.iter().map(|path| path.to_string());
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

    /// The volumes, if they differ from those that this function returned last.
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

#[cfg(test)]
mod tests;
