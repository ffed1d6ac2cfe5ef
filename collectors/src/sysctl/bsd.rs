//! The system calls.

use std::ffi::CString;
use std::io;
use std::ptr;

use super::unsigned;

/// More bytes than any value that is read here; `uvmexp_sysctl` has 712 on NetBSD 10.
const LONGEST: usize = 4096;

/// The value of a sysctl by its name, such as `hw.pagesize`.
///
/// # Errors
/// `ENOENT` if this system has no such sysctl.
#[allow(unsafe_code, reason = "a system call")]
pub fn by_name(name: &str) -> io::Result<Vec<u8>> {
    let name = CString::new(name)?;
    let (mut value, mut length) = (vec![0; LONGEST], LONGEST);
    // SAFETY: `name` ends with a NUL; `value` has room for `length` bytes, and no more are written.
    let failed = unsafe {
        libc::sysctlbyname(name.as_ptr(), value.as_mut_ptr().cast(), &mut length, ptr::null(), 0)
    };
    finish(failed, value, length)
}

/// The value of a sysctl by its numbers.
///
/// # Errors
/// As sysctl(3) has them.
#[allow(unsafe_code, reason = "a system call")]
pub fn by_mib(mib: &[i32]) -> io::Result<Vec<u8>> {
    let (mut value, mut length) = (vec![0; LONGEST], LONGEST);
    let count = mib.len() as libc::c_uint;
    // SAFETY: `mib` has `count` numbers; `value` has room for `length` bytes, and no more are written.
    let failed = unsafe {
        libc::sysctl(mib.as_ptr(), count, value.as_mut_ptr().cast(), &mut length, ptr::null(), 0)
    };
    finish(failed, value, length)
}

/// The number in a sysctl; `None` if it does not exist.
#[must_use]
pub fn number(name: &str) -> Option<u64> {
    unsigned(&by_name(name).ok()?)
}

/// Whether there is a sysctl of this name, or others below it.
#[must_use]
#[allow(unsafe_code, reason = "a system call")]
pub fn exists(name: &str) -> bool {
    let Ok(name) = CString::new(name) else { return false };
    let (mut mib, mut length) = ([0; 24], 24);
    // SAFETY: `name` ends with a NUL; `mib` has room for `length` numbers, and no more are written.
    unsafe { libc::sysctlnametomib(name.as_ptr(), mib.as_mut_ptr(), &mut length) == 0 }
}

fn finish(failed: i32, mut value: Vec<u8>, length: usize) -> io::Result<Vec<u8>> {
    if failed != 0 {
        return Err(io::Error::last_os_error());
    }
    value.truncate(length);
    Ok(value)
}
