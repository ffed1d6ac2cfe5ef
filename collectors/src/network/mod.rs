//! Network: every NIC and every address, kept true by the kernel's own events.
//!
//! [`rtnetlink`] reads the kernel's messages, [`link_table`] folds them into a picture, [`vif`] tells
//! which NIC is a VIF; the platform's file does the I/O. Names tell nothing: users rename NICs.

pub mod link_table;
mod nic_filter;
#[cfg_attr(target_os = "linux", path = "linux/mod.rs")]
#[cfg_attr(not(target_os = "linux"), path = "fallback.rs")]
mod platform;
pub mod rtnetlink;
pub mod vif;

pub use nic_filter::Exclude;
pub use platform::run;
