//! The allowed system calls, by purpose, for glibc since 2.17 and musl since 1.1. SECURITY.md gives the reason
//! for each; a test compares the two lists.

use libc::*;

use super::super::{Allowed, UnixSockets};

/// A condition on one argument of a call.
#[derive(Clone, Copy, Debug)]
pub enum ArgMatch {
    /// Those of the argument's lower 32 bits that are in the mask have this value.
    Bits(u8, c_int, c_int),
    /// The argument, a pointer, is null.
    Null(u8),
}
use ArgMatch::{Bits, Null};

/// A call that is allowed if all conditions hold. Of several rules for a call one is enough.
pub type Rule = (c_long, &'static [ArgMatch]);

/// All bits of an argument.
const ALL: c_int = -1;
/// Flags of open(2) that request write access or create a file. Not `O_ACCMODE`: musl's contains `O_PATH`.
const WRITES: c_int = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & !O_DIRECTORY);
/// Flags of clone(2) without which the new task would be a process.
const THREAD: c_int = CLONE_VM | CLONE_THREAD;
/// The bits of a socket's type beside its flags (`SOCK_TYPE_MASK` in the kernel's `linux/net.h`).
const TYPE: c_int = 0xf;

/// Allowed with any arguments.
pub const ALLOWED: &[c_long] = &[
    // Reads files, directories and the use of file systems.
    SYS_read,
    SYS_lseek,
    SYS_close,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_fstatfs,
    SYS_name_to_handle_at,
    SYS_readlinkat,
    SYS_getdents64,
    // Writes to xenstored, rtnetlink, syslog and standard error.
    SYS_write,
    SYS_writev,
    SYS_bind,
    SYS_setsockopt,
    SYS_recvfrom,
    // Waits.
    SYS_ppoll,
    SYS_inotify_init1,
    SYS_inotify_add_watch,
    SYS_futex,
    SYS_nanosleep,
    SYS_clock_nanosleep,
    SYS_clock_gettime,
    SYS_restart_syscall,
    // For memory, threads, signals and the exit, by Rust's runtime and the C library.
    SYS_brk,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_sched_yield,
    SYS_set_robust_list,
    SYS_set_tid_address,
    SYS_rseq,
    SYS_sched_getaffinity,
    SYS_sigaltstack,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_getrandom,
    SYS_getpid,
    SYS_gettid,
    SYS_uname,
    SYS_exit,
    SYS_exit_group,
    // Older calls that only this processor has.
    #[cfg(target_arch = "x86_64")]
    SYS_stat,
    #[cfg(target_arch = "x86_64")]
    SYS_lstat,
    #[cfg(target_arch = "x86_64")]
    SYS_readlink,
    #[cfg(target_arch = "x86_64")]
    SYS_getdents,
    #[cfg(target_arch = "x86_64")]
    SYS_poll,
];

/// Allowed with some arguments only.
pub const ALLOWED_IF: &[Rule] = &[
    (SYS_openat, &[Bits(2, WRITES, O_RDONLY)]),
    #[cfg(target_arch = "x86_64")]
    (SYS_open, &[Bits(1, WRITES, O_RDONLY)]),
    (SYS_socket, &[Bits(0, ALL, AF_NETLINK), Bits(2, ALL, NETLINK_ROUTE)]),
    (SYS_socketpair, &[Bits(0, ALL, AF_UNIX)]),
    // Without an address: a datagram socket then reaches only its peer.
    (SYS_sendto, &[Null(4)]),
    (SYS_fcntl, &[Bits(1, ALL, F_GETFD)]),
    (SYS_fcntl, &[Bits(1, ALL, F_SETFD)]),
    (SYS_fcntl, &[Bits(1, ALL, F_GETFL)]),
    (SYS_ioctl, &[Bits(1, ALL, FIONBIO as c_int)]),
    (SYS_mmap, &[Bits(2, PROT_EXEC, 0)]),
    (SYS_mprotect, &[Bits(2, PROT_EXEC, 0)]),
    (SYS_clone, &[Bits(0, THREAD, THREAD)]),
    (SYS_prctl, &[Bits(0, ALL, PR_SET_NAME)]),
];

/// Allowed if Landlock restricts the files.
const WRITE_ACCESS: &[Rule] = &[
    (SYS_openat, &[Bits(2, WRITES, O_RDWR)]),
    #[cfg(target_arch = "x86_64")]
    (SYS_open, &[Bits(1, WRITES, O_RDWR)]),
];

/// Allowed if syslog may have to be connected again.
const DATAGRAM: &[Rule] =
    &[(SYS_socket, &[Bits(0, ALL, AF_UNIX), Bits(1, TYPE, SOCK_DGRAM)]), (SYS_connect, &[])];

/// Allowed if xenstored may have to be connected again.
const STREAM: &[Rule] = &[(SYS_socket, &[Bits(0, ALL, AF_UNIX), Bits(1, TYPE, SOCK_STREAM)])];

/// The calls that are allowed besides, depending on the system and the command line.
pub fn allowed_by(allowed: Allowed) -> [&'static [Rule]; 3] {
    let (datagram, stream): (&[Rule], &[Rule]) = match allowed.sockets {
        UnixSockets::None => (&[], &[]),
        UnixSockets::Datagram => (DATAGRAM, &[]),
        UnixSockets::All => (DATAGRAM, STREAM),
    };
    [if allowed.write_access { WRITE_ACCESS } else { &[] }, datagram, stream]
}
