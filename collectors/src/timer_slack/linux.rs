//! prctl(2), `PR_SET_TIMERSLACK`.

use std::time::Duration;

/// Sets this thread's timer slack; zero is the kernel's default, 50 µs. A failure is ignored.
#[allow(unsafe_code, reason = "a system call")]
pub fn set(slack: Duration) {
    let nanoseconds = libc::c_ulong::try_from(slack.as_nanos()).unwrap_or(libc::c_ulong::MAX);
    // SAFETY: takes no pointer.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, nanoseconds, 0, 0, 0) };
}
