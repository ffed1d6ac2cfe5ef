//! Linux: inotify(7), files of `/proc`.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};

use super::Watched;
pub use super::guest::linux as check_guest;
use crate::bounded_read::first_line;
use crate::poll::PollSource;
use crate::watch_loop::ChangeSource;

/// Whether a running system always has `/proc`, so that a root without it is another one.
pub const HAS_PROC: bool = true;

/// A file was created, renamed or removed.
const NAMES: WatchFlags = WatchFlags::CREATE.union(WatchFlags::MOVE).union(WatchFlags::DELETE);

/// The id of the boot of the system below `root`.
#[must_use]
pub fn boot_id(root: &Path) -> Option<String> {
    first_line(&root.join("proc/sys/kernel/random/boot_id"))
}

/// Watches directories.
#[derive(Debug)]
pub struct DirWatch {
    inotify: OwnedFd,
    is_read: fn(&str) -> bool,
}

impl DirWatch {
    /// Watches directories below `root`.
    ///
    /// # Errors
    /// When the system has no watches or descriptors left.
    pub fn new(root: &Path, watched: Watched) -> io::Result<Option<Self>> {
        let inotify = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        let events = if watched.writes { NAMES | WatchFlags::CLOSE_WRITE } else { NAMES };
        for directory in watched.directories {
            match inotify::add_watch(&inotify, root.join(directory), events) {
                Ok(_) | Err(rustix::io::Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(Self { inotify, is_read: watched.is_read }))
    }
}

impl ChangeSource for DirWatch {
    fn sources(&self) -> Vec<PollSource> {
        vec![PollSource::PollIn(self.inotify.as_raw_fd())]
    }

    /// Also `true` when the kernel has dropped events, or a directory was removed.
    fn has_changed(&mut self) -> bool {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(self.inotify.as_fd(), &mut buffer);
        let mut has_changed = false;
        while let Ok(event) = events.next() {
            let name = event.file_name().and_then(|name| name.to_str().ok());
            has_changed |= name.is_some_and(self.is_read)
                || event.events().intersects(ReadFlags::QUEUE_OVERFLOW | ReadFlags::IGNORED);
        }
        has_changed
    }
}
