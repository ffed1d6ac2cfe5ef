//! Is this a Xen guest? Reads what the kernel says of the hypervisor; decides nothing else.
//!
//! `/sys/hypervisor` is documented in the kernel's `Documentation/ABI/stable/sysfs-hypervisor-xen`.

use std::path::Path;

use thiserror::Error;

use crate::bounded_read::first_line;

/// Why this is not a guest that the agent can serve.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NotAGuest {
    /// Another hypervisor, or none.
    #[error("not a Xen guest (/sys/hypervisor/type: {0})")]
    NotXen(String),
    /// The control domain: it has no host to report to.
    #[error("not a Xen guest (this is dom0: {0})")]
    Dom0(&'static str),
}

/// Finds out whether the system below `root` is an unprivileged Xen guest.
///
/// # Errors
/// [`NotAGuest`] with what was found instead.
pub fn check(root: &Path) -> Result<(), NotAGuest> {
    let kind = first_line(&root.join("sys/hypervisor/type"));
    // Kernels before 2.6.33 and the classic Xen kernels have /proc/xen only.
    let proc_xen = root.join("proc/xen/capabilities");
    if kind.as_deref() != Some("xen") && !(kind.is_none() && proc_xen.exists()) {
        return Err(NotAGuest::NotXen(kind.unwrap_or_else(|| "not there".into())));
    }
    if first_line(&proc_xen).is_some_and(|line| line.contains("control_d")) {
        return Err(NotAGuest::Dom0("control_d in /proc/xen/capabilities"));
    }
    let uuid = first_line(&root.join("sys/hypervisor/uuid")).unwrap_or_default();
    if !uuid.is_empty() && uuid.chars().all(|c| matches!(c, '0' | '-')) {
        return Err(NotAGuest::Dom0("/sys/hypervisor/uuid is all zero"));
    }
    Ok(())
}
