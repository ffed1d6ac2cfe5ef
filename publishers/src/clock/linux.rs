//! clock_gettime(2), whose seconds have 64 bits here.

use std::mem::MaybeUninit;

/// Seconds since 1970-01-01T00:00:00Z.
pub fn unix_time() -> i64 {
    seconds(libc::CLOCK_REALTIME)
}

/// Seconds since boot, with time in suspend.
pub fn uptime() -> i64 {
    seconds(libc::CLOCK_BOOTTIME)
}

#[allow(unsafe_code, reason = "a system call")]
fn seconds(clock: libc::clockid_t) -> i64 {
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: writes a `timespec` to `time`, which has room for one.
    unsafe { libc::clock_gettime(clock, time.as_mut_ptr()) };
    // SAFETY: all zeros is a valid `timespec` too.
    unsafe { time.assume_init() }.tv_sec
}
