//! The rtnetlink socket for events: it says that something has changed, and whether it was a link.

use std::io;
use std::os::fd::{AsRawFd, RawFd};

use neli::consts::socket::{Msg, NlFamily};
use neli::socket::NlSocket;
use neli::utils::Groups;

use crate::poll::PollSource;

/// Links, addresses, routes and routing rules of IPv4 and IPv6 (`RTNLGRP_*` in `linux/rtnetlink.h`).
const GROUPS: [u32; 7] = [1, 5, 9, 7, 11, 8, 19];
/// Messages that are read at most before the next list, so that a flood does not delay it.
const MOST: usize = 4_096;
/// Offset of `nlmsg_type` in a message.
const TYPE: u32 = 4;
/// Offset of `rtm_dst_len`, after a `nlmsghdr` and the family.
const DST_LEN: u32 = 17;
const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;

/// The socket.
pub struct Changes(NlSocket);

impl Changes {
    /// Opens it.
    ///
    /// # Errors
    /// As socket(2), setsockopt(2) and bind(2) have them.
    pub fn open() -> io::Result<Self> {
        let socket = NlSocket::new(NlFamily::Route)?;
        drop_other_routes(socket.as_raw_fd())?;
        socket.bind(None, Groups::new_groups(&GROUPS))?;
        Ok(Self(socket))
    }

    /// Becomes readable with the next event.
    pub fn poll_source(&self) -> PollSource {
        PollSource::PollIn(self.0.as_raw_fd())
    }

    /// Reads the pending events. Returns whether one was about a link, or the kernel has dropped some (ENOBUFS).
    ///
    /// # Errors
    /// As recv(2) has them.
    pub fn drain(&self) -> io::Result<bool> {
        // A `nlmsghdr`: nothing else of an event matters.
        let (mut header, mut is_link) = ([0; 16], false);
        for _ in 0..MOST {
            match self.0.recv(&mut header[..], Msg::DONTWAIT) {
                Ok(_) => {
                    let [_, _, _, _, low, high, ..] = header;
                    let kind = u16::from_ne_bytes([low, high]);
                    is_link |= matches!(kind, RTM_NEWLINK | RTM_DELLINK);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => is_link = true,
                Err(error) => return Err(error),
            }
        }
        Ok(is_link)
    }
}

/// Makes the kernel drop messages about routes other than default routes: a router may have a million of them,
/// which change all the time. A default route has a destination prefix of length 0.
#[allow(unsafe_code, reason = "a system call")]
fn drop_other_routes(socket: RawFd) -> io::Result<()> {
    let step = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    // The filter reads numbers in network byte order; netlink messages have the machine's.
    let number = |kind: u16| u32::from(kind.to_be());
    let mut steps = [
        step(libc::BPF_LD | libc::BPF_H | libc::BPF_ABS, 0, 0, TYPE),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, 0, number(RTM_NEWROUTE)),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 2, number(RTM_DELROUTE)),
        step(libc::BPF_LD | libc::BPF_B | libc::BPF_ABS, 0, 0, DST_LEN),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, 0),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, u32::MAX),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, 0),
    ];
    let filter = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    let (pointer, length) = (&raw const filter, size_of_val(&filter) as libc::socklen_t);
    // SAFETY: both `filter` and the steps that it points to live through the call, which copies them.
    let failed = unsafe {
        libc::setsockopt(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, pointer.cast(), length)
    };
    if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
