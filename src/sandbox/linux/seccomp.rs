//! seccomp: installs the filter. A system call that is not in the allow-list fails with `ENOSYS`, as on a
//! kernel without it: a C library that tries a newer call first then uses the older one. A call through the
//! interface of another processor, such as i386 on x86-64, ends the process: its numbers differ.
//!
//! For collectors `ENOSYS` is a failure, not a missing file (`collectors::bounded_read`).

use std::collections::BTreeMap;
use std::env::consts::ARCH;

use facts::map_of;
use libc::c_long;
use seccompiler::{
    BackendError, BpfProgram, Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp,
    SeccompCondition, SeccompFilter, SeccompRule, TargetArch, apply_filter,
};

use super::Allowed;
use syscall_allowlist::{ALLOWED, ALLOWED_IF, ArgMatch, Rule, allowed_by};

mod syscall_allowlist;

/// Installs the filter for this thread and those that it starts from now on.
///
/// # Errors
/// If the kernel has no seccomp filters, or no filter can be made for this processor.
pub fn restrict(allowed: Allowed) -> Result<(), Error> {
    apply_filter(&program(allowed)?)
}

/// The filter as the kernel takes it.
///
/// # Errors
/// Where none can be made for this processor.
pub fn program(allowed: Allowed) -> Result<BpfProgram, Error> {
    let processor = TargetArch::try_from(ARCH)?;
    let others = SeccompAction::Errno(libc::ENOSYS as u32);
    let filter = SeccompFilter::new(rules(allowed)?, others, SeccompAction::Allow, processor)?;
    Ok(filter.try_into()?)
}

fn rules(allowed: Allowed) -> Result<BTreeMap<c_long, Vec<SeccompRule>>, BackendError> {
    let mut rules = map_of(ALLOWED.iter().map(|&call| (call, Vec::new())));
    for &(call, arguments) in conditional(allowed) {
        let conditions = arguments.iter().map(condition).collect::<Result<Vec<_>, _>>()?;
        let of_call = rules.entry(call).or_default();
        // An empty list allows the call with any arguments; seccompiler rejects an empty rule.
        if !conditions.is_empty() {
            of_call.push(SeccompRule::new(conditions)?);
        }
    }
    Ok(rules)
}

fn conditional(allowed: Allowed) -> impl Iterator<Item = &'static Rule> {
    ALLOWED_IF.iter().chain(allowed_by(allowed).into_iter().flatten())
}

fn condition(argument: &ArgMatch) -> Result<SeccompCondition, BackendError> {
    let (number, length, operator, value) = match *argument {
        // Through u32: bit 31 must not be extended to the upper half.
        ArgMatch::Bits(number, mask, value) => (
            number,
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::MaskedEq(u64::from(mask as u32)),
            u64::from(value as u32),
        ),
        ArgMatch::Null(number) => (number, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0),
    };
    SeccompCondition::new(number, length, operator, value)
}

/// Whether a call of this number is allowed with some arguments.
#[cfg(test)]
pub fn is_listed(call: c_long, allowed: Allowed) -> bool {
    ALLOWED.contains(&call) || conditional(allowed).any(|(listed, _)| *listed == call)
}
