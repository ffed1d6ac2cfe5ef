//! getifaddrs(3): the kernel's list of interfaces and addresses, copied from the C library.

use std::ffi::CStr;
use std::io;
use std::mem::offset_of;
use std::ptr;
use std::slice;

use super::kernel::{self, abi};
use crate::network::interfaces::Entry;
use crate::network::sockaddr::Layout;

/// The crate libc has the layout of the system's headers.
const _: () = assert!(
    size_of::<libc::ifaddrs>() == abi::IFADDRS
        && offset_of!(libc::ifaddrs, ifa_next) == abi::IFA_NEXT
        && offset_of!(libc::ifaddrs, ifa_name) == abi::IFA_NAME
        && offset_of!(libc::ifaddrs, ifa_flags) == abi::IFA_FLAGS
        && offset_of!(libc::ifaddrs, ifa_addr) == abi::IFA_ADDR
        && offset_of!(libc::ifaddrs, ifa_netmask) == abi::IFA_NETMASK
        && offset_of!(libc::ifaddrs, ifa_data) == abi::IFA_DATA
);

/// The list, in the kernel's order.
///
/// # Errors
/// As getifaddrs(3) has them.
#[allow(unsafe_code, reason = "a system call")]
pub fn list(layout: Layout) -> io::Result<Vec<Entry>> {
    let mut first = ptr::null_mut();
    // SAFETY: the call writes to `first` only.
    if unsafe { libc::getifaddrs(&mut first) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let (mut entries, mut next) = (Vec::new(), first);
    // SAFETY: the list is the C library's: each node is valid until it is freed, the last one's next is NULL.
    while let Some(node) = unsafe { next.as_ref() } {
        entries.push(entry(layout, node));
        next = node.ifa_next;
    }
    // SAFETY: `first` came from getifaddrs(3), and nothing of the list is used any more.
    unsafe { libc::freeifaddrs(first) };
    Ok(entries)
}

#[allow(unsafe_code, reason = "reads what a system call made")]
fn entry(layout: Layout, node: &libc::ifaddrs) -> Entry {
    // SAFETY: the name of a node ends with a NUL and lives as long as the node.
    let name = unsafe { CStr::from_ptr(node.ifa_name) };
    Entry {
        name: name.to_bytes().to_vec(),
        flags: node.ifa_flags,
        address: sockaddr(layout, node.ifa_addr).unwrap_or_default(),
        netmask: sockaddr(layout, node.ifa_netmask),
        // SAFETY: what a node points to here is at least as large as an `if_data` (FreeBSD, NetBSD), or as
        // the statistics of a link (Linux), both of more than eight bytes.
        data: unsafe { node.ifa_data.cast::<[u8; 8]>().as_ref() }.copied(),
        address_flags: kernel::address_flags(node),
    }
}

/// The bytes of an address; it contains its own length.
#[allow(unsafe_code, reason = "reads what a system call made")]
fn sockaddr(layout: Layout, address: *const libc::sockaddr) -> Option<Vec<u8>> {
    if address.is_null() {
        return None;
    }
    let start = address.cast::<u8>();
    // SAFETY: each address has at least two bytes, its length or family.
    let head = unsafe { [start.read(), start.add(1).read()] };
    // SAFETY: the address has as many bytes as its length.
    Some(unsafe { slice::from_raw_parts(start, layout.length(head)) }.to_vec())
}
