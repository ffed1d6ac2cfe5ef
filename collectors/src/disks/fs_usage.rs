//! How full a file system is.

/// What a file system says of itself, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FsUsage {
    /// What it has room for in all; changes when it is resized.
    pub total: u64,
    /// What a user may still write.
    pub free: u64,
}
