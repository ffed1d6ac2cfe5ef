//! Linux: capabilities(7), landlock(7), seccomp(2). The order matters: each one forbids a system call that the
//! one before needs.

mod capabilities;
mod landlock;
#[cfg_attr(
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"),
    path = "seccomp.rs"
)]
#[cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")),
    path = "seccomp_unsupported.rs"
)]
mod seccomp;

use log::{debug, info};

use super::UnixSockets;

/// How often the xenstore device is opened in advance if the filter forbids opening it: the watches
/// need one; the rest is for lost connections.
const SPARE_DEVICES: usize = 16;

/// Calls that the filter allows only under a condition.
#[derive(Clone, Copy, Debug)]
pub struct Allowed {
    /// Opening with write access, if Landlock restricts the files.
    pub write_access: bool,
    /// The unix sockets that may be opened and connected.
    pub sockets: UnixSockets,
}

/// Gives up all rights that are not needed to collect and to publish. Returns what this kernel lacks for it, each
/// with the reason.
pub fn restrict_self(sockets: UnixSockets) -> Vec<String> {
    let capabilities = capabilities::restrict().map_err(|error| error.to_string());
    let landlock = landlock::restrict().map_err(|error| error.to_string());
    let write_access = landlock.is_ok();
    if !write_access && !xenstore::has_socket() {
        xenstore::reserve_device(SPARE_DEVICES);
    }
    let seccomp = seccomp::restrict(Allowed { write_access, sockets });
    let seccomp = seccomp.map_err(|error| error.to_string());
    let parts = [("capabilities", capabilities), ("Landlock", landlock), ("seccomp", seccomp)];
    let missing = |(part, result): &(&str, Result<(), String>)| {
        result.as_ref().err().map(|why| format!("{part} ({why})"))
    };
    let missing: Vec<String> = parts.iter().filter_map(missing).collect();
    if missing.is_empty() {
        debug!("sandbox: confined by capabilities, Landlock and seccomp");
    } else {
        info!("sandbox: {} not available; continuing without", missing.join(", "));
    }
    missing
}

#[cfg(test)]
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
mod filter_tests;
#[cfg(test)]
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
mod tests;
