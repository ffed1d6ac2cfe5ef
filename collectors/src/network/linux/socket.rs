//! The rtnetlink socket: subscribed to links and addresses.

use std::io;

use log::debug;
use neli::consts::socket::{Msg, NlFamily};
use neli::socket::NlSocket;
use neli::utils::Groups;

const RTNLGRP_LINK: u32 = 1;
const RTNLGRP_IPV4_IFADDR: u32 = 5;
const RTNLGRP_IPV6_IFADDR: u32 = 9;
/// Room for events that wait, in bytes; the kernel grants at most `net.core.rmem_max`.
const RECEIVE_BUFFER: usize = 1024 * 1024;

/// Opens it.
///
/// # Errors
/// As socket(2) and bind(2) have them.
pub fn open() -> io::Result<NlSocket> {
    let groups = [RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR];
    let socket = NlSocket::connect(NlFamily::Route, None, Groups::new_groups(&groups))?;
    if let Err(error) = socket.set_recv_buffer_size(RECEIVE_BUFFER) {
        debug!("network: the socket keeps its receive buffer: {error}");
    }
    Ok(socket)
}

/// Receives one datagram; `None` when the kernel had to drop some.
pub fn receive(socket: &NlSocket, buffer: &mut [u8], flags: Msg) -> io::Result<Option<usize>> {
    loop {
        match socket.recv(&mut *buffer, flags | Msg::TRUNC) {
            Ok((length, _)) if length > buffer.len() => return Ok(None),
            Ok((length, _)) => return Ok(Some(length)),
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
