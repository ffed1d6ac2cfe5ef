//! ioctl(2) on a socket that is used for nothing else.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// A datagram socket of a family, for requests to the kernel.
///
/// # Errors
/// As socket(2) has them.
#[allow(unsafe_code, reason = "a system call")]
pub fn socket(family: i32) -> io::Result<OwnedFd> {
    // SAFETY: takes no pointer.
    let fd = unsafe { libc::socket(family, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was made just now, and nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Makes a request. The argument must have exactly the size that is encoded in the request's number.
///
/// # Errors
/// As ioctl(2) has them, and `EINVAL` for another size.
///
/// # Safety
/// The memory to which the argument points must be valid for the request.
#[allow(unsafe_code, reason = "a system call")]
pub unsafe fn ioctl<T>(socket: &OwnedFd, request: u64, argument: &mut T) -> io::Result<()> {
    // `IOCPARM_LEN` of the BSDs' `sys/ioccom.h`.
    if (request >> 16) & 0x1fff != size_of::<T>() as u64 {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    let argument: *mut T = argument;
    // SAFETY: the kernel writes no more than the size that the number names; the caller vouches for the rest.
    match unsafe { libc::ioctl(socket.as_raw_fd(), request as libc::c_ulong, argument) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
