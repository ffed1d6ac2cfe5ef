//! Which thread takes the signals: one that does nothing else.
//!
//! A signal in the midst of a request to the device would end the system call, and FreeBSD's older kernels
//! would go on with the reply to that request as the one to the next.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;

/// Blocks these signals on this thread and those that it starts from here on.
///
/// # Errors
/// For a number that is no signal's.
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
    // SAFETY: `set` is one, and the old one is not asked for.
    match unsafe { libc::pthread_sigmask(how, set.as_ptr(), ptr::null_mut()) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}
