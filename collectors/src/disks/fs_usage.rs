//! How full a file system is.

use std::io;

use super::mount_tree::StatvfsPath;

/// What a file system reports of itself, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FsUsage {
    /// Its capacity, which changes if it is resized.
    pub total: u64,
    /// What a user without privileges can still write.
    pub free: u64,
}

/// Reads how full the file system at a path is.
pub type Statvfs<'a> = dyn Fn(&StatvfsPath) -> io::Result<FsUsage> + 'a;
