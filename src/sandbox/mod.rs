//! Confinement: what the agent has no need of it gives up, before it reads anything of the guest's.
//!
//! To be entered on the main thread while there is no other: each thread inherits it. What a system
//! lacks of it costs one line in the log, never the agent. Nothing here can be undone.

#[cfg(not(target_os = "linux"))]
#[path = "fallback.rs"]
mod platform;
#[cfg(target_os = "linux")]
#[path = "linux/mod.rs"]
mod platform;

pub use platform::enter;
