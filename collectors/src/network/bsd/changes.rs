//! The BSDs: a route socket, route(4), which has a message for each change of the network.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::kernel::abi;
use crate::poll::PollSource;

/// Messages that are discarded at most before the next list.
const MOST: usize = 4096;

/// The socket.
#[derive(Debug)]
pub struct Changes(File);

impl Changes {
    /// Opens it.
    ///
    /// # Errors
    /// As socket(2) has them.
    #[allow(unsafe_code, reason = "a system call")]
    pub fn open() -> io::Result<Self> {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: takes no pointer.
        let fd = unsafe { libc::socket(abi::PF_ROUTE, kind, 0) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was made just now, and nothing else owns it.
        Ok(Self(File::from(unsafe { OwnedFd::from_raw_fd(fd) })))
    }

    /// Becomes readable with the next message.
    pub fn poll_source(&self) -> PollSource {
        PollSource::PollIn(self.0.as_raw_fd())
    }

    /// Discards the pending messages.
    ///
    /// # Errors
    /// If the socket cannot be used any more.
    pub fn drain(&self) -> io::Result<()> {
        let mut message = [0; 2048];
        for _ in 0..MOST {
            match (&self.0).read(&mut message) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Messages were lost (FreeBSD 14, NetBSD): the network is listed after this anyway.
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
