//! Addresses of sockets: paths.

use std::ffi::OsStr;
use std::io;
use std::os::unix::net::SocketAddr;

/// The address that `NOTIFY_SOCKET` names.
///
/// # Errors
/// When it is too long for one.
pub fn address(name: &OsStr) -> io::Result<SocketAddr> {
    SocketAddr::from_pathname(name)
}
