//! Linux, for the tests: a netlink socket in the groups of all changes, in place of a route socket.

use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, RawFd};

use neli::consts::socket::{Msg, NlFamily};
use neli::socket::NlSocket;
use neli::utils::Groups;

/// `RTNLGRP_LINK`, then addresses, routes and routing rules of IPv4, of IPv6 (`linux/rtnetlink.h`).
const GROUPS: [u32; 7] = [1, 5, 7, 8, 9, 11, 19];

/// Messages that are discarded at most before the next read of the network.
const MOST: usize = 4096;

/// The socket.
pub struct Monitor(NlSocket);

impl Monitor {
    /// Opens it.
    ///
    /// # Errors
    /// As socket(2) and bind(2) have them.
    pub fn new() -> io::Result<Self> {
        NlSocket::connect(NlFamily::Route, None, Groups::new_groups(&GROUPS)).map(Self)
    }

    /// Discards the pending messages.
    ///
    /// # Errors
    /// If the socket cannot be used any more.
    pub fn drain(&self) -> io::Result<()> {
        let mut message = [0; 2048];
        for _ in 0..MOST {
            match self.0.recv(&mut message[..], Msg::DONTWAIT) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl AsRawFd for Monitor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
