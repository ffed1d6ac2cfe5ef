//! The system calls that are allowed whatever their arguments, by what they are for.

use libc::*;

/// The calls.
pub const ALLOWED: &[c_long] = &[
    // Reads files and directories, and asks how full file systems are.
    SYS_read,
    SYS_pread64,
    SYS_lseek,
    SYS_close,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_fstatfs,
    SYS_readlinkat,
    SYS_getdents64,
    // Talks to xenstored, rtnetlink and syslog.
    SYS_write,
    SYS_writev,
    SYS_bind,
    SYS_connect,
    SYS_setsockopt,
    SYS_sendto,
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
    // What Rust's runtime and the C library do for memory, threads, signals and the end.
    SYS_brk,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_sched_yield,
    SYS_set_robust_list,
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
    // The older names of some of these, which only this processor has.
    #[cfg(target_arch = "x86_64")]
    SYS_stat,
    #[cfg(target_arch = "x86_64")]
    SYS_readlink,
    #[cfg(target_arch = "x86_64")]
    SYS_poll,
];
