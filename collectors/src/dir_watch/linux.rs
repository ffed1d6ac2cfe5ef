//! Linux: inotify(7) on directories, because a file is replaced by rename(2).

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::DirEvents;
use crate::poll::PollSource;

/// An entry was created, renamed or removed.
const NAMES: u32 = libc::IN_CREATE | libc::IN_MOVED_TO | libc::IN_MOVED_FROM | libc::IN_DELETE;

/// Watches directories.
#[derive(Debug)]
pub struct DirWatch(File);

impl DirWatch {
    /// Watches the `directories` below `root` that exist.
    ///
    /// # Errors
    /// When the system has no watches or descriptors left.
    #[allow(unsafe_code, reason = "a system call")]
    pub fn watch(root: &Path, directories: &[&str], notice: DirEvents) -> io::Result<Self> {
        // SAFETY: takes no pointer.
        let fd = unsafe { libc::inotify_init1(libc::IN_NONBLOCK | libc::IN_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was made just now, and nothing else owns it.
        let file = File::from(unsafe { OwnedFd::from_raw_fd(fd) });
        let written = if notice == DirEvents::Writes { libc::IN_CLOSE_WRITE } else { 0 };
        for directory in directories {
            let path = CString::new(root.join(directory).as_os_str().as_bytes())?;
            // SAFETY: `path` ends with a NUL and lives through the call.
            let watch = unsafe { libc::inotify_add_watch(fd, path.as_ptr(), NAMES | written) };
            if watch < 0 && io::Error::last_os_error().kind() != io::ErrorKind::NotFound {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(Self(file))
    }

    /// The descriptor to wait for.
    #[must_use]
    pub fn source(&self) -> Option<PollSource> {
        Some(PollSource::PollIn(self.0.as_raw_fd()))
    }

    /// Discards the events that have come.
    pub fn drain(&mut self) {
        let mut events = [0; 4096];
        while self.0.read(&mut events).is_ok_and(|length| length > 0) {}
    }
}
