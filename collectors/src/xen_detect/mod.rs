//! Detects whether this is an unprivileged Xen guest, from files of the kernel.

pub mod freebsd;
pub mod linux;
pub mod netbsd;

use thiserror::Error;

#[cfg(target_os = "freebsd")]
pub use freebsd::check;
#[cfg(not(any(target_os = "freebsd", target_os = "netbsd")))]
pub use linux::check;
#[cfg(target_os = "netbsd")]
pub use netbsd::check;

/// Why the agent cannot run on this system.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NotAGuest {
    /// Another hypervisor, or none.
    #[error("not a Xen guest ({0})")]
    NotXen(String),
    /// The control domain: it has no host to report to.
    #[error("not a Xen guest (this is dom0: {0})")]
    Dom0(&'static str),
    /// A guest that Xen itself made (dom0less), and for which dom0 has not made a xenstore yet. The device must
    /// not be used: Linux 6.1 crashes.
    #[error("xenstore is not there yet ({0})")]
    NoXenstoreYet(&'static str),
    /// `/sys` is that of a guest, but whether this is the guest's own root cannot be known.
    #[error("/proc is not mounted: this may be a chroot on a running guest")]
    NoProc,
}
