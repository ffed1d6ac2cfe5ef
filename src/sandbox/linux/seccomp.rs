//! seccomp: the system calls that are allowed, and with which arguments. All others fail with
//! `ENOSYS`, as on a kernel that never had them: C libraries that try newer calls first then take the
//! older ones, and nothing can end the agent by making it try one.
//!
//! SECURITY.md gives the reason for each; a test holds the two together.

use std::collections::BTreeMap;
use std::env::consts::ARCH;

use libc::c_long;
use seccompiler::{
    BackendError, BpfProgram, Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp,
    SeccompCondition, SeccompFilter, SeccompRule, TargetArch, apply_filter,
};

use syscall_allowlist::ALLOWED;

mod syscall_allowlist;

/// Argument `.0` of a call: of the bits `.1` exactly `.2` are set.
type Bits = (u8, libc::c_int, libc::c_int);

/// All bits count.
const ALL: libc::c_int = -1;
/// Flags of open(2) that make a file, change one or need nothing but its name.
const WRITES: libc::c_int = libc::O_ACCMODE
    | libc::O_CREAT
    | libc::O_TRUNC
    | libc::O_APPEND
    | (libc::O_TMPFILE & !libc::O_DIRECTORY);
/// Flags of clone(2) without which the new task would be a process.
const THREAD: libc::c_int = libc::CLONE_VM | libc::CLONE_THREAD;

/// Calls allowed with some arguments only. For reading and writing at once, which the kernel's
/// xenstore device needs, it takes Landlock to tell one file from another.
const WITH_ARGUMENTS: &[(c_long, Bits)] = &[
    (libc::SYS_openat, (2, WRITES, libc::O_RDONLY)),
    (libc::SYS_openat, (2, WRITES, libc::O_RDWR)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, (1, WRITES, libc::O_RDONLY)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, (1, WRITES, libc::O_RDWR)),
    (libc::SYS_socket, (0, ALL, libc::AF_UNIX)),
    (libc::SYS_socket, (0, ALL, libc::AF_NETLINK)),
    (libc::SYS_socketpair, (0, ALL, libc::AF_UNIX)),
    (libc::SYS_fcntl, (1, ALL, libc::F_GETFD)),
    (libc::SYS_fcntl, (1, ALL, libc::F_SETFD)),
    (libc::SYS_ioctl, (1, ALL, libc::FIONBIO as libc::c_int)),
    (libc::SYS_mmap, (2, libc::PROT_EXEC, 0)),
    (libc::SYS_mprotect, (2, libc::PROT_EXEC, 0)),
    (libc::SYS_clone, (0, THREAD, THREAD)),
    (libc::SYS_prctl, (0, ALL, libc::PR_SET_NAME)),
];

/// Installs the filter for this thread and those that it starts from now on.
///
/// # Errors
/// Where the kernel has no seccomp filters, or no filter can be made for this processor.
pub fn restrict() -> Result<(), Error> {
    let processor = TargetArch::try_from(ARCH)?;
    let others = SeccompAction::Errno(libc::ENOSYS as u32);
    let filter = SeccompFilter::new(rules()?, others, SeccompAction::Allow, processor)?;
    let program: BpfProgram = filter.try_into()?;
    apply_filter(&program)
}

fn rules() -> Result<BTreeMap<c_long, Vec<SeccompRule>>, BackendError> {
    let mut rules: BTreeMap<_, Vec<_>> = ALLOWED.iter().map(|&call| (call, Vec::new())).collect();
    for &(call, (argument, mask, value)) in WITH_ARGUMENTS {
        // Through u32: bit 31 is not to be spread over the upper half.
        let mask = SeccompCmpOp::MaskedEq(u64::from(mask as u32));
        let value = u64::from(value as u32);
        let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, mask, value)?;
        rules.entry(call).or_default().push(SeccompRule::new(vec![condition])?);
    }
    Ok(rules)
}

/// Whether some call of this number is allowed.
#[cfg(test)]
pub fn is_listed(call: c_long) -> bool {
    ALLOWED.contains(&call) || WITH_ARGUMENTS.iter().any(|(listed, _)| *listed == call)
}
