//! Reports that entries of a directory changed, but not which: the collector reads them again.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "fallback.rs")]
mod platform;

pub use platform::DirWatch;

/// Which events are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirEvents {
    /// An entry was created, renamed or removed.
    Entries,
    /// As above, and writes to files.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux reads it"))]
    Writes,
}
