//! Notices that the host got another name or that a release file was written or replaced.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "fallback.rs")]
mod platform;

pub use platform::Watch;
