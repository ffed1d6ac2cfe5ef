//! Confinement: what the agent has no need of it gives up, before it reads anything of the guest's.
//!
//! To be entered on the main thread while there is no other: each thread inherits it. What a system
//! lacks of it costs one line in the log, never the agent. Nothing here can be undone.

// What the portable network collector takes on Linux is for the BSDs: the filter has none of it.
#[cfg(any(not(target_os = "linux"), feature = "portable-network"))]
#[path = "fallback.rs"]
mod platform;
#[cfg(all(target_os = "linux", not(feature = "portable-network")))]
#[path = "linux/mod.rs"]
mod platform;

pub use platform::enter;
