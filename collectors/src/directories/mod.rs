//! Notices that files come into directories or leave them. Says no more than that: who waits looks
//! for itself.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "elsewhere.rs")]
mod platform;

pub use platform::Directories;

/// What is to be noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A file is there, or is there no more.
    Names,
    /// That, or what was written into a file.
    Contents,
}
