//! Signals: SIGHUP is a reload, SIGTERM and SIGINT are a stop.
//!
//! Only one thread takes them. A signal during a request to the device would interrupt the system call, and on older
//! FreeBSD kernels the next request would then get the reply to this one.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;

use log::error;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Request;

const SIGNALS: [i32; 3] = [SIGHUP, SIGINT, SIGTERM];

/// The signals that came.
pub struct Requests(Signals);

impl Requests {
    /// From now on a signal no longer ends the process.
    ///
    /// # Errors
    /// When the system has no descriptors left.
    pub fn new() -> io::Result<Self> {
        Signals::new(SIGNALS).map(Self)
    }

    /// Whether a stop has come; forgets reloads.
    pub fn has_stop(&mut self) -> bool {
        self.0.pending().any(|signal| signal != SIGHUP)
    }

    /// Keeps signals from this thread and from those that it starts, but for the one that calls [`Self::wait`].
    ///
    /// # Errors
    /// When the system refuses it.
    pub fn block(&self) -> io::Result<()> {
        change_mask(libc::SIG_BLOCK)
    }

    /// Waits for the next request.
    pub fn wait(&mut self) -> Request {
        if let Err(error) = change_mask(libc::SIG_UNBLOCK) {
            error!("signals: {error}; none will be taken");
        }
        match self.0.forever().next() {
            Some(SIGHUP) => Request::Reload,
            _ => Request::Stop,
        }
    }
}

#[allow(unsafe_code, reason = "a system call")]
fn change_mask(how: i32) -> io::Result<()> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: writes all of `set`.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    for signal in SIGNALS {
        // SAFETY: `set` was made by sigemptyset(3).
        unsafe { libc::sigaddset(set.as_mut_ptr(), signal) };
    }
    // SAFETY: `set` is initialized, and the old set is not requested.
    match unsafe { libc::pthread_sigmask(how, set.as_ptr(), ptr::null_mut()) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}
