//! NetBSD: the kernel shows xenstore to guests and to dom0, xenstored's port to dom0 alone
//! (`sys/arch/xen/xenbus/xenbus_dev.c`).

use std::path::Path;

use super::NotAGuest;

/// Finds out whether the system below `root` is an unprivileged Xen guest.
///
/// # Errors
/// [`NotAGuest`] with what was found instead.
pub fn check(root: &Path) -> Result<(), NotAGuest> {
    if !root.join("kern/xen/xenbus").exists() {
        return Err(NotAGuest::NotXen("/kern/xen/xenbus: not there; is kernfs mounted?".into()));
    }
    if root.join("kern/xen/xsd_port").exists() {
        return Err(NotAGuest::Dom0("/kern/xen/xsd_port is there"));
    }
    Ok(())
}
