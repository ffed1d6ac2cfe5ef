//! Rings when a default route comes, goes or changes. Which it is, it does not tell.
//!
//! A router may have a million routes that change all day: a filter in the kernel passes those
//! messages only whose destination has a prefix of no length.

use std::io;
use std::os::fd::{AsRawFd, RawFd};

use neli::consts::socket::{Msg, NlFamily};
use neli::socket::NlSocket;
use neli::utils::Groups;

const RTNLGRP_IPV4_ROUTE: u32 = 7;
const RTNLGRP_IPV6_ROUTE: u32 = 11;
/// Where `rtm_dst_len` stands: behind a `nlmsghdr` and the family.
const DST_LEN: u32 = 17;

/// A socket that hears of default routes.
pub struct DefaultRouteMonitor(NlSocket);

impl DefaultRouteMonitor {
    /// Hangs it up.
    ///
    /// # Errors
    /// As socket(2), setsockopt(2) and bind(2) have them.
    pub fn new() -> io::Result<Self> {
        let socket = NlSocket::new(NlFamily::Route)?;
        only_defaults(socket.as_raw_fd())?;
        socket.bind(None, Groups::new_groups(&[RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE]))?;
        Ok(Self(socket))
    }

    /// Forgets what rang. Lost rings are rings too.
    pub fn silence(&self) {
        let mut message = [0; 64];
        let again = |error: &io::Error| error.raw_os_error() == Some(libc::ENOBUFS);
        while self
            .0
            .recv(&mut message[..], Msg::DONTWAIT)
            .map_or_else(|error| again(&error), |_| true)
        {}
    }
}

impl AsRawFd for DefaultRouteMonitor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

#[allow(unsafe_code, reason = "a system call")]
fn only_defaults(socket: RawFd) -> io::Result<()> {
    let step = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let mut steps = [
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
