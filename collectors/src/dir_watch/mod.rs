//! Reports that a file of a directory has changed. A watch is on the directory, because a file is replaced by
//! rename(2).

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "none.rs")]
mod platform;

pub use platform::DirWatch;

/// What to watch.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    /// The directories, below the root of the system. Those that do not exist are left out.
    pub directories: &'static [&'static str],
    /// Whether the collector reads files of this name.
    pub is_read: fn(&str) -> bool,
    /// Also report writes to the files, not only new, renamed and removed ones.
    pub writes: bool,
}
