//! Linux: the kernel tells of a new host name by poll(2) on `/proc/sys/kernel/hostname`, and of files
//! by inotify(7) on their directories, since package managers replace files by renaming.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::Duration;

use log::warn;

use crate::dir_watch::{DirEvents, DirWatch};
use crate::poll::PollSource;

/// Where release files and hosts(5) are.
const DIRECTORIES: [&str; 2] = ["etc", "usr/lib"];

/// The host's name and the release files.
#[derive(Debug)]
pub struct Watch {
    host_name: Option<File>,
    files: Option<DirWatch>,
}

impl Watch {
    /// How often to look without an event: never.
    pub const LOOK_AGAIN: Option<Duration> = None;

    /// Watches the system below `root`. What cannot be watched is said once; a refresh finds it.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        let told = |what: &str, error: io::Error| {
            warn!("os: {what} cannot be watched: {error}; a change shows on a reload");
        };
        let host_name = File::open(root.join("proc/sys/kernel/hostname"));
        let files = DirWatch::watch(root, &DIRECTORIES, DirEvents::Writes);
        Self {
            host_name: host_name.map_err(|error| told("the host name", error)).ok(),
            files: files.map_err(|error| told("release files", error)).ok(),
        }
    }

    /// What to wait for.
    #[must_use]
    pub fn sources(&self) -> Vec<PollSource> {
        let host_name = self.host_name.iter().map(|file| PollSource::PollPri(file.as_raw_fd()));
        host_name.chain(self.files.iter().filter_map(DirWatch::source)).collect()
    }

    /// Forgets the events that have come. That of the host name is gone with the poll.
    pub fn drain(&mut self) {
        self.files.iter_mut().for_each(DirWatch::drain);
    }
}
