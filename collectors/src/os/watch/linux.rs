//! Linux: the kernel tells of a new host name by poll(2) on `/proc/sys/kernel/hostname`, and of files
//! by inotify(7) on their directories, since package managers replace files by renaming.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use log::warn;

use crate::wait::Source;

/// Where release files and hosts(5) are.
const DIRECTORIES: [&str; 2] = ["etc", "usr/lib"];
/// A file has been written, moved into its place or made (as a link is); or it is gone.
const EVENTS: u32 = libc::IN_CLOSE_WRITE | libc::IN_MOVED_TO | libc::IN_CREATE | libc::IN_DELETE;

/// The host's name and the release files.
#[derive(Debug)]
pub struct Watch {
    host_name: Option<File>,
    files: Option<File>,
}

impl Watch {
    /// Watches the system below `root`. What cannot be watched is said once; a refresh finds it.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        let told = |what: &str, error: io::Error| {
            warn!("os: {what} cannot be watched: {error}; a change shows on a reload");
        };
        let host_name = File::open(root.join("proc/sys/kernel/hostname"));
        Self {
            host_name: host_name.map_err(|error| told("the host name", error)).ok(),
            files: inotify(root).map_err(|error| told("release files", error)).ok(),
        }
    }

    /// What to wait for.
    #[must_use]
    pub fn sources(&self) -> Vec<Source> {
        let host_name = self.host_name.iter().map(|file| Source::Changed(file.as_raw_fd()));
        let files = self.files.iter().map(|file| Source::Readable(file.as_raw_fd()));
        host_name.chain(files).collect()
    }

    /// Forgets the events that have come. That of the host name is gone with the poll.
    pub fn drain(&mut self) {
        let mut events = [0; 4096];
        while self.files.as_mut().is_some_and(|files| files.read(&mut events).is_ok_and(|n| n > 0))
        {
        }
    }
}

fn inotify(root: &Path) -> io::Result<File> {
    // SAFETY: takes no pointer.
    let fd = unsafe { libc::inotify_init1(libc::IN_NONBLOCK | libc::IN_CLOEXEC) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was made just now, and nothing else owns it.
    let files = File::from(unsafe { OwnedFd::from_raw_fd(fd) });
    for directory in DIRECTORIES {
        let path = CString::new(root.join(directory).as_os_str().as_bytes())?;
        // SAFETY: `path` ends with a NUL and lives through the call.
        let watch = unsafe { libc::inotify_add_watch(files.as_raw_fd(), path.as_ptr(), EVENTS) };
        if watch < 0 && io::Error::last_os_error().kind() != io::ErrorKind::NotFound {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(files)
}
