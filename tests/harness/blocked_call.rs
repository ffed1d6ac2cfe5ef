//! A system call that never returns, as of a file whose server hangs: seccomp(2) asks a process that does not
//! answer. The end of the program ends the call.

use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, c_long, sock_filter};
use std::io::Error;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Makes each thread of the program that makes this system call wait in it.
#[allow(unsafe_code, reason = "a system call")]
pub fn block_call(command: &mut Command, call: c_long) {
    let step = |code: u32, jf, k| sock_filter { code: code as u16, jt: 0, jf, k };
    let filter = move || {
        // The call's number is the first field of `seccomp_data`.
        let mut steps = [
            step(BPF_LD | BPF_W | BPF_ABS, 0, 0),
            step(BPF_JMP | BPF_JEQ | BPF_K, 1, call as u32),
            step(BPF_RET | BPF_K, 0, libc::SECCOMP_RET_USER_NOTIF),
            step(BPF_RET | BPF_K, 0, libc::SECCOMP_RET_ALLOW),
        ];
        let program = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
        let (mode, flag) = (libc::SECCOMP_SET_MODE_FILTER, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER);
        // SAFETY: the program and its steps live through the call, which copies them.
        let fd = unsafe { libc::syscall(libc::SYS_seccomp, mode, flag, &raw const program) };
        // The program itself keeps the descriptor that could answer: without one the call would fail.
        // SAFETY: takes integers only.
        let is_kept = fd >= 0 && unsafe { libc::fcntl(fd as i32, libc::F_SETFD, 0) } == 0;
        if is_kept { Ok(()) } else { Err(Error::last_os_error()) }
    };
    // SAFETY: between fork and exec the closure makes two system calls and allocates nothing.
    unsafe { command.pre_exec(filter) };
}
