//! FreeBSD: the device for xenstore exists in guests and in dom0, the one for xenstored only in dom0
//! (`sys/dev/xen/xenstore`, `xenstore_dev.c` and `xenstored_dev.c`).

use std::path::Path;

use super::NotAGuest;

/// Whether a running system always has `/proc`: it need not be mounted.
pub const HAS_PROC: bool = false;

/// Finds out whether the system below `root` is an unprivileged Xen guest.
///
/// # Errors
/// [`NotAGuest`] with what was found instead.
pub fn check(root: &Path) -> Result<(), NotAGuest> {
    if !root.join("dev/xen/xenstore").exists() {
        return Err(NotAGuest::NotXen("/dev/xen/xenstore: not there".into()));
    }
    if root.join("dev/xen/xenstored").exists() {
        return Err(NotAGuest::Dom0("/dev/xen/xenstored is there"));
    }
    Ok(())
}
