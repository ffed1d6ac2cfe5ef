//! What each operating system does in its own way: a sibling file each, with the same names.

#[cfg_attr(target_os = "freebsd", path = "freebsd.rs")]
#[cfg_attr(target_os = "netbsd", path = "netbsd.rs")]
#[cfg_attr(not(any(target_os = "freebsd", target_os = "netbsd")), path = "linux.rs")]
mod platform;

pub mod guest;
#[cfg(any(target_os = "freebsd", target_os = "netbsd"))]
mod no_watch;

pub use platform::{DirWatch, HAS_PROC, boot_id, check_guest};

/// What a `DirWatch` watches, which reports that a file of a directory has changed. The watch is on the directory,
/// because a file is replaced by rename(2).
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    /// The directories, below the root of the system. Those that do not exist are left out.
    pub directories: &'static [&'static str],
    /// Whether the collector reads files of this name.
    pub is_read: fn(&str) -> bool,
    /// Also report writes to the files, not only new, renamed and removed ones.
    pub writes: bool,
}
