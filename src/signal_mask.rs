//! Only one thread, which does nothing else, takes signals.
//!
//! A signal during a request to the device would interrupt the system call. On older FreeBSD kernels the next
//! request would then get the reply to this one.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;

/// Blocks these signals on this thread and on those that it starts later.
///
/// # Errors
/// For a number that is not a signal.
pub fn block(signals: &[i32]) -> io::Result<()> {
    change(libc::SIG_BLOCK, signals)
}

/// Lets this thread take these signals.
///
/// # Errors
/// For a number that is no signal's.
pub fn unblock(signals: &[i32]) -> io::Result<()> {
    change(libc::SIG_UNBLOCK, signals)
}

#[allow(unsafe_code, reason = "a system call")]
fn change(how: i32, signals: &[i32]) -> io::Result<()> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: writes all of `set`.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    for &signal in signals {
        // SAFETY: `set` was made by sigemptyset(3).
        if unsafe { libc::sigaddset(set.as_mut_ptr(), signal) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    // SAFETY: `set` is initialized, and the old set is not requested.
    match unsafe { libc::pthread_sigmask(how, set.as_ptr(), ptr::null_mut()) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}
