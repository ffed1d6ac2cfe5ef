//! Linux: poll(2) on `/proc/sys/kernel/hostname` reports a new host name; inotify(7) reports changed files,
//! on their directories because package managers replace files by rename(2).

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

use log::warn;

use crate::dir_watch::{DirEvents, DirWatch};
use crate::poll::PollSource;
use crate::watch_loop::Watch;

/// The directories of release files and hosts(5).
const DIRECTORIES: [&str; 2] = ["etc", "usr/lib"];

/// Watches the host name and the directories of release files.
#[derive(Debug)]
pub struct OsWatch {
    host_name: Option<File>,
    files: Option<DirWatch>,
}

impl OsWatch {
    /// Watches the system below `root`. If something cannot be watched, that is logged.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        let log = |what: &str, error: io::Error| {
            warn!("os: cannot watch {what}: {error}; changes are seen only on SIGHUP");
        };
        let host_name = File::open(root.join("proc/sys/kernel/hostname"));
        let files = DirWatch::watch(root, &DIRECTORIES, DirEvents::Writes);
        Self {
            host_name: host_name.map_err(|error| log("the host name", error)).ok(),
            files: files.map_err(|error| log("release files", error)).ok(),
        }
    }
}

impl Watch for OsWatch {
    fn sources(&self) -> Vec<PollSource> {
        let host_name = self.host_name.iter().map(|file| PollSource::PollPri(file.as_raw_fd()));
        host_name.chain(self.files.iter().filter_map(DirWatch::source)).collect()
    }

    /// The event of the host name needs no read: poll(2) has consumed it.
    fn drain(&mut self) -> bool {
        self.files.iter_mut().for_each(DirWatch::drain);
        true
    }
}
