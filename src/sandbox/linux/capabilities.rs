//! Capabilities: the thread keeps at most one and cannot get others.
//!
//! Calls and structures are those of the kernel's `include/uapi/linux/capability.h`.

use std::io;

/// Needed to open the path of a file system below a directory that other users cannot enter, such as
/// `/var/lib/pgsql`.
const CAP_DAC_READ_SEARCH: u32 = 2;
const KEPT: u64 = 1 << CAP_DAC_READ_SEARCH;
/// The highest number for which the structures have a bit.
const HIGHEST: u32 = 63;

/// `struct __user_cap_header_struct`.
#[repr(C)]
struct Header {
    version: u32,
    pid: libc::c_int,
}

/// `_LINUX_CAPABILITY_VERSION_3`, and this thread.
static HEADER: Header = Header { version: 0x2008_0522, pid: 0 };

/// `struct __user_cap_data_struct`: the lower half of each set, then the upper one.
#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq)]
struct Half {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Drops all capabilities but [`KEPT`].
///
/// # Errors
/// Those of capget(2) and capset(2).
pub fn restrict() -> io::Result<()> {
    for capability in (0..=HIGHEST).filter(|capability| KEPT & (1 << capability) == 0) {
        drop_from_bounding_set(capability);
    }
    let has = get()?;
    let kept = [keep(has[0], KEPT as u32), keep(has[1], (KEPT >> 32) as u32)];
    // The systemd unit leaves only this one and forbids capset(2).
    if kept == has { Ok(()) } else { set(&kept) }
}

fn keep(has: Half, kept: u32) -> Half {
    Half { effective: has.permitted & kept, permitted: has.permitted & kept, inheritable: 0 }
}

/// Errors are ignored: older kernels do not have all numbers. Without `CAP_SETPCAP` the bounding set does not
/// matter, since `PR_SET_NO_NEW_PRIVS` is set.
#[allow(unsafe_code, reason = "a system call")]
fn drop_from_bounding_set(capability: u32) {
    // SAFETY: takes no pointer.
    unsafe { libc::prctl(libc::PR_CAPBSET_DROP, libc::c_ulong::from(capability), 0, 0, 0) };
}

#[allow(unsafe_code, reason = "a system call")]
fn get() -> io::Result<[Half; 2]> {
    let mut halves = [Half::default(); 2];
    // SAFETY: version 3 of the header means two halves, and there is room for two.
    let failed = unsafe { libc::syscall(libc::SYS_capget, &raw const HEADER, halves.as_mut_ptr()) };
    if failed == 0 { Ok(halves) } else { Err(io::Error::last_os_error()) }
}

#[allow(unsafe_code, reason = "a system call")]
fn set(halves: &[Half; 2]) -> io::Result<()> {
    // SAFETY: version 3 of the header means two halves, and there are two.
    let failed = unsafe { libc::syscall(libc::SYS_capset, &raw const HEADER, halves.as_ptr()) };
    if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
