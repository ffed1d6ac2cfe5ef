//! Network: the NICs and addresses of the guest, updated by the kernel's events.
//!
//! [`rtnetlink`] parses the kernel's messages, [`link_table`] has the resulting state, [`vif`] finds the VIF of a
//! NIC; the platform's file does the I/O. Names do not identify VIFs: users rename NICs.

pub mod address_flags;
mod address_list;
pub mod address_preference;
pub mod interfaces;
pub mod link_table;
mod nic;
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
mod upper_devices;
pub mod vif;
pub mod vif_in_xenstore;

use std::io;
use std::path::Path;

/// Whether the network of this system can be read.
pub const IS_SUPPORTED: bool =
    cfg!(any(target_os = "linux", target_os = "freebsd", target_os = "netbsd"));

pub use address_list::AddressKey;
pub use nic::Nic;
pub use nic_filter::Exclude;
pub use platform::run;

/// The NICs as they are now. `root` is where sysfs is looked for.
///
/// # Errors
/// When the kernel does not answer.
pub fn list_nics(root: &Path, exclude: &Exclude) -> io::Result<Vec<Nic>> {
    let mut nics = platform::read_table(root)?.nics(exclude);
    for nic in &mut nics {
        nic.driver = nic::driver(root, &nic.name);
    }
    Ok(nics)
}
