//! Reports a new host name or kernel, and release files that were written or replaced.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

use super::{Kernel, kernel};
use crate::poll::PollSource;
use crate::sys::{DirWatch, Watched};
use crate::watch_loop::ChangeSource;

/// Release files and hosts(5). NixOS has links to files below `/etc/static`, which is itself a link.
const WATCHED: Watched = Watched {
    directories: &["etc", "usr/lib"],
    is_read: |name| {
        name.ends_with("release") || name.ends_with("version") || matches!(name, "hosts" | "static")
    },
    writes: true,
};
/// poll(2) reports each new host name, also those of containers.
const HOST_NAME: &str = "proc/sys/kernel/hostname";

/// Watches the host name and the directories of release files.
#[derive(Debug)]
pub struct OsWatch<'a> {
    files: DirWatch,
    host_name: File,
    collected: &'a RefCell<Kernel>,
}

impl<'a> OsWatch<'a> {
    /// Watches the system below `root`. `collected` is what uname(2) returned when the names were collected last.
    ///
    /// # Errors
    /// As open(2) and inotify(7) have them.
    pub fn new(root: &Path, collected: &'a RefCell<Kernel>) -> io::Result<Option<Self>> {
        let Some(files) = DirWatch::new(root, WATCHED)? else { return Ok(None) };
        let path = root.join(HOST_NAME);
        let host_name = File::open(&path).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        })?;
        Ok(Some(Self { files, host_name, collected }))
    }
}

impl ChangeSource for OsWatch<'_> {
    fn sources(&self) -> Vec<PollSource> {
        let mut sources = self.files.sources();
        sources.push(PollSource::PollPri(self.host_name.as_raw_fd()));
        sources
    }

    /// The event of the host name needs no read: poll(2) has consumed it.
    fn has_changed(&mut self) -> bool {
        self.files.has_changed() || kernel().is_ok_and(|kernel| kernel != *self.collected.borrow())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::{find, legacy_release};

    #[test]
    fn each_file_that_is_read_is_watched() {
        let files = find::OS_RELEASE.into_iter().chain(legacy_release::files());
        for file in files.chain(["etc/hosts"]) {
            let (_, name) = file.rsplit_once('/').unwrap();
            assert!((WATCHED.is_read)(name), "{file}");
        }
        assert!(!(WATCHED.is_read)("motd"));
    }
}
