//! Notices that files come into directories or leave them. Says no more than that: who waits looks
//! for itself.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "fallback.rs")]
mod platform;

pub use platform::DirWatch;

/// What is to be noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirEvents {
    /// A file is there, or is there no more.
    Entries,
    /// That, or what was written into a file.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "no one else is told of it"))]
    Writes,
}
