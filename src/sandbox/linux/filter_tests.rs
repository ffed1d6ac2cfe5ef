//! What the filter's program decides, found out by an interpreter: also under an emulator of a processor,
//! which installs no filter. The numbers are those of the kernel's `linux/seccomp.h` and `linux/audit.h`.

use libc::*;
use seccompiler::sock_filter;

use super::{Allowed, UnixSockets, seccomp};

const ALLOW: u32 = SECCOMP_RET_ALLOW;
const DENY: u32 = SECCOMP_RET_ERRNO | ENOSYS as u32;

/// `AUDIT_ARCH_*` of this processor, and of another: the machine's number in an ELF file, 64 bits, little-endian.
const PROCESSOR: u32 = 0xc000_0000
    | if cfg!(target_arch = "x86_64") {
        62
    } else if cfg!(target_arch = "aarch64") {
        183
    } else {
        243
    };
/// `AUDIT_ARCH_I386`.
const I386: u32 = 0x4000_0003;

/// Runs a program of classic BPF on `struct seccomp_data`.
fn run(program: &[sock_filter], data: &[u32; 16]) -> u32 {
    const LOAD: u32 = BPF_LD | BPF_W | BPF_ABS;
    const AND: u32 = BPF_ALU | BPF_AND | BPF_K;
    const JUMP: u32 = BPF_JMP | BPF_JA;
    const EQUAL: u32 = BPF_JMP | BPF_JEQ | BPF_K;
    const GREATER: u32 = BPF_JMP | BPF_JGT | BPF_K;
    const AT_LEAST: u32 = BPF_JMP | BPF_JGE | BPF_K;
    const RETURN: u32 = BPF_RET | BPF_K;
    let (mut at, mut value) = (0, 0);
    loop {
        let sock_filter { code, jt, jf, k } = program[at];
        let distance = |taken: bool| usize::from(if taken { jt } else { jf });
        at += 1;
        match code.into() {
            LOAD => value = data[k as usize / 4],
            AND => value &= k,
            JUMP => at += k as usize,
            EQUAL => at += distance(value == k),
            GREATER => at += distance(value > k),
            AT_LEAST => at += distance(value >= k),
            RETURN => return k,
            other => panic!("instruction {other:#x} at {at}"),
        }
    }
}

fn decide(allowed: Allowed, processor: u32, call: c_long, arguments: &[c_int]) -> u32 {
    let mut data = [0; 16];
    (data[0], data[1]) = (call as u32, processor);
    for (to, from) in data[4..].chunks_exact_mut(2).zip(arguments) {
        // Of a pointer only the upper half is set: that half counts too.
        let half = usize::from(call == SYS_sendto);
        to[half] = *from as u32;
    }
    run(&seccomp::program(allowed).unwrap(), &data)
}

fn each() -> impl Iterator<Item = Allowed> {
    let sockets = [UnixSockets::None, UnixSockets::Datagram, UnixSockets::All];
    let both = |sockets| [false, true].map(|write_access| Allowed { write_access, sockets });
    sockets.into_iter().flat_map(both)
}

#[test]
fn call_that_is_not_listed_is_denied() {
    for allowed in each() {
        let program = seccomp::program(allowed).unwrap();
        for call in 0..1024 {
            let mut data = [0; 16];
            (data[0], data[1]) = (call as u32, PROCESSOR);
            let decision = run(&program, &data);
            let is_listed = seccomp::is_listed(call, allowed);
            assert!(decision == DENY || (is_listed && decision == ALLOW), "{call}: {decision:#x}");
        }
    }
}

#[test]
fn call_by_the_interface_of_another_processor_ends_the_process() {
    let allowed = Allowed { write_access: true, sockets: UnixSockets::All };
    assert_eq!(decide(allowed, PROCESSOR, SYS_read, &[]), ALLOW);
    assert_eq!(decide(allowed, I386, SYS_read, &[]), SECCOMP_RET_KILL_PROCESS);
}

#[test]
fn arguments_decide_as_the_list_says() {
    let thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    let (datagram, stream) = (SOCK_DGRAM | SOCK_CLOEXEC, SOCK_STREAM | SOCK_CLOEXEC);
    for allowed in each() {
        let decide = |call, arguments: &[c_int]| match decide(allowed, PROCESSOR, call, arguments) {
            ALLOW => true,
            DENY => false,
            other => panic!("{call}: {other:#x}"),
        };
        for (call, arguments, expected) in [
            (SYS_read, &[][..], true),
            (SYS_execve, &[], false),
            (SYS_ptrace, &[], false),
            (SYS_openat, &[AT_FDCWD, 1, O_RDONLY | O_CLOEXEC], true),
            (SYS_openat, &[AT_FDCWD, 1, O_PATH | O_NOFOLLOW], true),
            (SYS_openat, &[AT_FDCWD, 1, O_RDWR], allowed.write_access),
            (SYS_openat, &[AT_FDCWD, 1, O_WRONLY], false),
            (SYS_openat, &[AT_FDCWD, 1, O_RDWR | O_CREAT], false),
            (SYS_socket, &[AF_NETLINK, SOCK_RAW, NETLINK_ROUTE], true),
            (SYS_socket, &[AF_NETLINK, SOCK_RAW, NETLINK_AUDIT], false),
            (SYS_socket, &[AF_INET, stream], false),
            (SYS_socket, &[AF_UNIX, datagram], allowed.sockets != UnixSockets::None),
            (SYS_socket, &[AF_UNIX, stream], allowed.sockets == UnixSockets::All),
            (SYS_connect, &[3, 1, 2], allowed.sockets != UnixSockets::None),
            (SYS_sendto, &[3, 1, 2, 0, 0], true),
            (SYS_sendto, &[3, 1, 2, 0, 1], false),
            (SYS_mmap, &[0, 4096, PROT_READ | PROT_WRITE], true),
            (SYS_mmap, &[0, 4096, PROT_READ | PROT_EXEC], false),
            (SYS_clone, &[thread], true),
            (SYS_clone, &[SIGCHLD], false),
            (SYS_prctl, &[PR_SET_NAME], true),
            (SYS_prctl, &[PR_SET_SECCOMP], false),
        ] {
            assert_eq!(decide(call, arguments), expected, "{allowed:?}: {call} {arguments:?}");
        }
    }
}
