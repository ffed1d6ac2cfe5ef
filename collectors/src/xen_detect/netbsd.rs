//! NetBSD: kernfs has xenstore in guests and in dom0, and xenstored's port only in dom0
//! (`sys/arch/xen/xenbus/xenbus_dev.c`).

use std::path::Path;

use super::NotAGuest;

/// Whether a running system always has `/proc`: it need not be mounted.
pub const HAS_PROC: bool = false;

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
