//! Reports a new host name, and release files that were written or replaced.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "fallback.rs")]
mod platform;

pub use platform::OsWatch;
