//! Network: every NIC and every address, kept true by the kernel's own events.
//!
//! [`rtnetlink`] reads the kernel's messages, [`link_table`] folds them into a picture, [`vif`] tells
//! which NIC is a VIF; the platform's file does the I/O. Names tell nothing: users rename NICs.

pub mod address_flags;
pub mod interfaces;
pub mod link_table;
mod nic_filter;
#[cfg_attr(all(target_os = "linux", not(feature = "portable-network")), path = "linux/mod.rs")]
#[cfg_attr(
    any(feature = "portable-network", target_os = "freebsd", target_os = "netbsd"),
    path = "portable/mod.rs"
)]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "freebsd", target_os = "netbsd")),
    path = "fallback.rs"
)]
mod platform;
pub mod rtnetlink;
pub mod sockaddr;
pub mod vif;
pub mod vif_in_xenstore;

/// Whether the network of this system can be read.
pub const IS_SUPPORTED: bool =
    cfg!(any(target_os = "linux", target_os = "freebsd", target_os = "netbsd"));

pub use nic_filter::Exclude;
pub use platform::run;
