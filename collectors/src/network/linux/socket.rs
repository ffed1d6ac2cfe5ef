//! The rtnetlink sockets: one receives events, the other answers to requests.
//!
//! There are two, since the kernel drops answers too when events have filled the receive buffer.

use std::io;
use std::os::fd::{AsRawFd, RawFd};

use log::debug;
use neli::consts::socket::{Msg, NlFamily};
use neli::socket::NlSocket;
use neli::utils::Groups;

/// Links, addresses, routes and routing rules of IPv4 and IPv6 (`RTNLGRP_*` in `linux/rtnetlink.h`).
const GROUPS: [u32; 7] = [1, 5, 9, 7, 11, 8, 19];
/// Receive buffer for events, in bytes; the kernel grants at most twice `net.core.rmem_max`.
const RECEIVE_BUFFER: usize = 1024 * 1024;
/// Offset of `nlmsg_type` in a message.
const TYPE: u32 = 4;
/// Offset of `rtm_dst_len`, after a `nlmsghdr` and the family.
const DST_LEN: u32 = 17;
const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;

/// The result of a read from a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A datagram of so many bytes.
    Datagram(usize),
    /// No datagram is pending.
    Empty,
    /// The kernel dropped events (ENOBUFS).
    EventsLost,
}

/// Opens the socket for requests.
///
/// # Errors
/// As socket(2) and bind(2) have them.
pub fn requests() -> io::Result<NlSocket> {
    NlSocket::connect(NlFamily::Route, None, Groups::empty())
}

/// Opens the socket for events.
///
/// # Errors
/// As socket(2), setsockopt(2) and bind(2) have them.
pub fn events() -> io::Result<NlSocket> {
    let socket = NlSocket::new(NlFamily::Route)?;
    if let Err(error) = socket.set_recv_buffer_size(RECEIVE_BUFFER) {
        debug!("network: cannot set the receive buffer: {error}; using the default size");
    }
    drop_other_routes(socket.as_raw_fd())?;
    socket.bind(None, Groups::new_groups(&GROUPS))?;
    Ok(socket)
}

/// Reads one datagram.
///
/// # Errors
/// As recv(2) has them; a datagram larger than `buffer` is one.
pub fn receive(socket: &NlSocket, buffer: &mut [u8], flags: Msg) -> io::Result<Received> {
    loop {
        match socket.recv(&mut *buffer, flags | Msg::TRUNC) {
            Ok((length, _)) if length > buffer.len() => {
                return Err(io::Error::other(format!("netlink datagram of {length} bytes")));
            }
            Ok((length, _)) => return Ok(Received::Datagram(length)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Received::Empty),
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                return Ok(Received::EventsLost);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
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
