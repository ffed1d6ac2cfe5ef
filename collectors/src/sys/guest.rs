//! Detects whether this is an unprivileged Xen guest, from files of the kernel. Every host tests every system's.

use std::path::Path;

use thiserror::Error;

use crate::bounded_read::{first_line, text};

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
}

/// `XENFEAT_dom0` of Xen's `public/features.h`.
const FEATURE_DOM0: u32 = 1 << 11;

/// Linux: `/sys/hypervisor`, which is documented in the kernel's `Documentation/ABI/stable/sysfs-hypervisor-xen`, and
/// `/proc/xen` of older kernels.
///
/// # Errors
/// [`NotAGuest`] with what was found instead.
pub fn linux(root: &Path) -> Result<(), NotAGuest> {
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
    if features(root) & FEATURE_DOM0 != 0 {
        return Err(NotAGuest::Dom0("bit 11 of /sys/hypervisor/properties/features"));
    }
    if has_zero_uuid(root) {
        return Err(NotAGuest::NoXenstoreYet("/sys/hypervisor/uuid is all zero"));
    }
    if waits_for_xenstore(root) {
        return Err(NotAGuest::NoXenstoreYet("xenstore_late_init in /proc/interrupts"));
    }
    Ok(())
}

/// FreeBSD: the device for xenstore exists in guests and in dom0, the one for xenstored only in dom0
/// (`sys/dev/xen/xenstore`, `xenstore_dev.c` and `xenstored_dev.c`).
///
/// # Errors
/// [`NotAGuest`] with what was found instead.
pub fn freebsd(root: &Path) -> Result<(), NotAGuest> {
    if !root.join("dev/xen/xenstore").exists() {
        return Err(NotAGuest::NotXen("/dev/xen/xenstore: not there".into()));
    }
    if root.join("dev/xen/xenstored").exists() {
        return Err(NotAGuest::Dom0("/dev/xen/xenstored is there"));
    }
    Ok(())
}

/// NetBSD: kernfs has xenstore in guests and in dom0, and xenstored's port only in dom0
/// (`sys/arch/xen/xenbus/xenbus_dev.c`).
///
/// # Errors
/// [`NotAGuest`] with what was found instead.
pub fn netbsd(root: &Path) -> Result<(), NotAGuest> {
    if !root.join("kern/xen/xenbus").exists() {
        return Err(NotAGuest::NotXen("/kern/xen/xenbus: not there; is kernfs mounted?".into()));
    }
    if root.join("kern/xen/xsd_port").exists() {
        return Err(NotAGuest::Dom0("/kern/xen/xsd_port is there"));
    }
    Ok(())
}

/// The features of the first submap, which the kernel shows as the last 8 hexadecimal digits.
fn features(root: &Path) -> u32 {
    let shown = first_line(&root.join("sys/hypervisor/properties/features")).unwrap_or_default();
    let last = shown.len().checked_sub(8).and_then(|start| shown.get(start..));
    u32::from_str_radix(last.unwrap_or(&shown), 16).unwrap_or_default()
}

/// Xen gives a dom0less guest no UUID; dom0's `init-dom0less` sets one just before it makes the guest's
/// xenstore.
fn has_zero_uuid(root: &Path) -> bool {
    let uuid = first_line(&root.join("sys/hypervisor/uuid")).unwrap_or_default();
    !uuid.is_empty() && uuid.chars().all(|c| matches!(c, '0' | '-'))
}

/// Whether the kernel still waits for the event that xenstore exists. It would take a write to its device for
/// that event (`drivers/xen/xenbus/xenbus_probe.c`, `xenbus_probe_thread`).
fn waits_for_xenstore(root: &Path) -> bool {
    let interrupts = text(&root.join("proc/interrupts")).unwrap_or_default();
    let has = |handler| interrupts.lines().any(|line| line.trim_end().ends_with(handler));
    has(" xenstore_late_init") && !has(" xenbus")
}
