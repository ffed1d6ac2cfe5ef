//! Network: every NIC and every address, kept true by the kernel's own events.
//!
//! [`rtnetlink`] reads the kernel's messages, [`table`] folds them into a picture, [`vif`] tells
//! which NIC is a VIF; the platform's file does the I/O. Names tell nothing: users rename NICs.

mod exclude;
#[cfg_attr(target_os = "linux", path = "linux/mod.rs")]
#[cfg_attr(not(target_os = "linux"), path = "unsupported.rs")]
mod platform;
pub mod rtnetlink;
pub mod table;
pub mod vif;

pub use exclude::Exclude;
pub use platform::run;
