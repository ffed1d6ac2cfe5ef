//! Resume: detects that the guest's tree in xenstore was made again, after a restore or a migration.

#[cfg(any(test, target_os = "netbsd"))]
mod looking;
#[cfg_attr(target_os = "netbsd", path = "netbsd.rs")]
#[cfg_attr(not(target_os = "netbsd"), path = "watch.rs")]
mod platform;

pub use platform::run;
