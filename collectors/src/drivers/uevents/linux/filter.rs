//! A classic BPF filter that passes the uevents of the subsystems in [`SUBSYSTEMS`] and drops all others in
//! the kernel, so that they wake no thread. A container host has thousands of them.
//!
//! `kobject_uevent_env` in `lib/kobject_uevent.c` writes `ACTION@PATH`, `ACTION=ACTION`, `DEVPATH=PATH`,
//! `SUBSYSTEM=NAME`, in this order, each with a NUL at its end. If the first NUL is at offset n, then
//! `SUBSYSTEM=` is at n + 1 + 8 + length of ACTION + 9 + length of PATH, which is 2n + 17.

use std::io;
use std::os::fd::RawFd;

use libc::{
    BPF_ADD, BPF_ALU, BPF_B, BPF_H, BPF_IMM, BPF_IND, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_LDX,
    BPF_LSH, BPF_MISC, BPF_RET, BPF_TAX, BPF_TXA, BPF_W, sock_filter,
};

use crate::drivers::uevent::SUBSYSTEMS;

/// The largest offset of the first NUL. The longest relevant event is that of a module: `remove@/module/` and a
/// name of 55 bytes (`MODULE_NAME_LEN`).
const MAX_FIRST_LINE: u32 = 80;

const DROP: u32 = 0;
const PASS: u32 = u32::MAX;

fn step(code: u32, k: u32) -> sock_filter {
    jump(code, k, 0, 0)
}

fn jump(code: u32, k: u32, jt: usize, jf: usize) -> sock_filter {
    sock_filter { code: code as u16, jt: jt as u8, jf: jf as u8, k }
}

/// The program. The kernel rejects loops, so the search is unrolled: 3 steps for each byte.
fn program() -> Vec<sock_filter> {
    let mut steps = Vec::new();
    for (offset, left) in (0..MAX_FIRST_LINE).zip((0..MAX_FIRST_LINE as usize).rev()) {
        steps.push(step(BPF_LDX | BPF_IMM, offset));
        steps.push(step(BPF_LD | BPF_B | BPF_IND, 0));
        // Jumps over the other searches and the drop after them.
        steps.push(jump(BPF_JMP | BPF_JEQ | BPF_K, 0, 3 * left + 1, 0));
    }
    steps.push(step(BPF_RET | BPF_K, DROP));
    steps.extend([
        step(BPF_MISC | BPF_TXA, 0),
        step(BPF_ALU | BPF_LSH | BPF_K, 1),
        step(BPF_ALU | BPF_ADD | BPF_K, 17),
        step(BPF_MISC | BPF_TAX, 0),
    ]);
    steps.extend(SUBSYSTEMS.into_iter().flat_map(pass_subsystem));
    steps.push(step(BPF_RET | BPF_K, DROP));
    steps
}

/// Passes the event if its text at X is this subsystem; otherwise continues after these steps.
fn pass_subsystem(name: &[u8]) -> Vec<sock_filter> {
    let setting = [b"SUBSYSTEM=", name, b"\0"].concat();
    let mut compared: Vec<(u32, u32)> = Vec::new();
    let mut rest = setting.as_slice();
    while let Some(first) = rest.first() {
        let (size, value, length) = match rest {
            [a, b, c, d, ..] => (BPF_W, u32::from_be_bytes([*a, *b, *c, *d]), 4),
            [a, b, ..] => (BPF_H, u32::from_be_bytes([0, 0, *a, *b]), 2),
            _ => (BPF_B, u32::from(*first), 1),
        };
        compared.push((size, value));
        rest = rest.get(length..).unwrap_or_default();
    }
    let mut steps = Vec::new();
    let mut offset = 0;
    for ((size, value), left) in compared.iter().zip((0..compared.len()).rev()) {
        steps.push(step(BPF_LD | size | BPF_IND, offset));
        steps.push(jump(BPF_JMP | BPF_JEQ | BPF_K, *value, 0, 2 * left + 1));
        offset += match *size {
            BPF_W => 4,
            BPF_H => 2,
            _ => 1,
        };
    }
    steps.push(step(BPF_RET | BPF_K, PASS));
    steps
}

/// Attaches the filter to a socket.
///
/// # Errors
/// As setsockopt(2) returns them.
#[allow(unsafe_code, reason = "a system call")]
pub fn attach(socket: RawFd) -> io::Result<()> {
    let mut steps = program();
    let filter = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    let (pointer, length) = (&raw const filter, size_of_val(&filter) as libc::socklen_t);
    // SAFETY: both `filter` and the steps that it points to live through the call, which copies them.
    let failed = unsafe {
        libc::setsockopt(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, pointer.cast(), length)
    };
    if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::uevent::is_relevant;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixDatagram;

    /// Whether the kernel of this machine passes the message.
    fn passes(message: &[u8]) -> bool {
        let (sender, receiver) = UnixDatagram::pair().unwrap();
        receiver.set_nonblocking(true).unwrap();
        attach(receiver.as_raw_fd()).unwrap();
        sender.send(message).unwrap();
        receiver.recv(&mut [0; 4096]).is_ok()
    }

    fn event(action: &str, path: &str, subsystem: &str) -> String {
        format!(
            "{action}@{path}\0ACTION={action}\0DEVPATH={path}\0SUBSYSTEM={subsystem}\0SEQNUM=7\0"
        )
    }

    #[test]
    fn events_of_xen_drivers_and_modules_pass() {
        for (path, subsystem) in [
            ("/devices/vbd-268439552", "xen"),
            ("/devices/vif-0", "xen"),
            ("/devices/system/xen_memory/xen_memory0", "xen_memory"),
            ("/bus/xen/drivers/vbd", "drivers"),
            ("/module/xen_netfront", "module"),
            (&format!("/module/{}", "m".repeat(55)), "module"),
        ] {
            for action in ["add", "remove", "change", "bind", "unbind"] {
                let event = event(action, path, subsystem);
                assert!(is_relevant(event.as_bytes()) && passes(event.as_bytes()), "{event:?}");
            }
        }
    }

    #[test]
    fn other_messages_are_dropped() {
        for (path, subsystem) in [
            ("/devices/virtual/net/veth1", "net"),
            ("/devices/virtual/net/veth1/queues/rx-0", "queues"),
            ("/devices/virtual/block/loop0", "block"),
            ("/devices/vbd-51712/block/xvda", "block"),
            ("/a", "xen-backend"),
            ("/a", "xenx"),
            ("/a", "xen_memoryx"),
            ("/a", "drive"),
            ("/a", ""),
        ] {
            let event = event("add", path, subsystem);
            assert!(!is_relevant(event.as_bytes()) && !passes(event.as_bytes()), "{event:?}");
        }
        let long = event("add", &"/x".repeat(60), "xen");
        for message in ["", "\0", "libudev\0", "SUBSYSTEM=xen\0", "@\0", &long] {
            assert!(message.is_empty() || !passes(message.as_bytes()), "{message:?}");
        }
    }

    #[test]
    fn event_with_a_cut_or_changed_subsystem_is_dropped() {
        let whole = event("add", "/devices/vif-0", "xen").into_bytes();
        let start = whole.windows(10).position(|part| part == b"SUBSYSTEM=").unwrap();
        let end = start + b"SUBSYSTEM=xen\0".len();
        for at in start..end {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(!passes(&whole[..at]) && !passes(&changed), "{at}");
        }
        assert!(passes(&whole[..end]));
    }
}
