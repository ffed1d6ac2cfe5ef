//! Size and free space of a file system.

use std::io;

use super::mount_tree::StatvfsPath;

/// Size and free space of a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FsUsage {
    /// Its capacity, which changes if it is resized.
    pub total: u64,
    /// The bytes that a user without privileges can still write.
    pub free: u64,
}

/// Reads the use of the file system at a path.
pub type Statvfs<'a> = dyn Fn(&StatvfsPath) -> io::Result<FsUsage> + 'a;
