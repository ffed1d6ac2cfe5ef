//! Linux: capabilities(7), landlock(7), seccomp(2), in this order, since each takes away what the one
//! before needs.

mod capabilities;
mod landlock;
#[cfg_attr(
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"),
    path = "seccomp.rs"
)]
#[cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")),
    path = "no_filter.rs"
)]
mod seccomp;

use log::{debug, info};

/// Gives up all that is not needed to collect and to publish.
pub fn enter() {
    let parts = [
        ("capabilities", capabilities::restrict().map_err(|error| error.to_string())),
        ("Landlock", landlock::restrict().map_err(|error| error.to_string())),
        ("seccomp", seccomp::restrict().map_err(|error| error.to_string())),
    ];
    let without = |(part, result): &(&str, Result<(), String>)| {
        result.as_ref().err().map(|why| format!("{part} ({why})"))
    };
    let without: Vec<String> = parts.iter().filter_map(without).collect();
    if without.is_empty() {
        debug!("confined by capabilities, Landlock and seccomp");
    } else {
        info!("the sandbox does without {}", without.join(", "));
    }
}

#[cfg(test)]
mod tests;
