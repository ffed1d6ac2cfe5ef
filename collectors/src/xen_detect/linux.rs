//! Linux: `/sys/hypervisor`, which is documented in the kernel's
//! `Documentation/ABI/stable/sysfs-hypervisor-xen`, and `/proc/xen` of the kernels before it.

use std::path::Path;

use super::NotAGuest;
use crate::bounded_read::first_line;

/// Finds out whether the system below `root` is an unprivileged Xen guest.
///
/// # Errors
/// [`NotAGuest`] with what was found instead.
pub fn check(root: &Path) -> Result<(), NotAGuest> {
    let kind = first_line(&root.join("sys/hypervisor/type"));
    // Kernels before 2.6.33 and the classic Xen kernels have /proc/xen only.
    let proc_xen = root.join("proc/xen/capabilities");
    if kind.as_deref() != Some("xen") && !(kind.is_none() && proc_xen.exists()) {
        let kind = kind.unwrap_or_else(|| "not there".into());
        return Err(NotAGuest::NotXen(format!("/sys/hypervisor/type: {kind}")));
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
