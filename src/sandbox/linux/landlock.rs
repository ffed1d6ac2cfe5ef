//! Landlock: the agent can open only the files that it reads, and the kernel's xenstore device.
//!
//! A rule applies to an inode, not to a name. Rules are for directories, since files are replaced by new ones.
//! Landlock does not restrict stat, statfs, readlink and `O_PATH`.

use std::fs;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, PathBeneath, Ruleset, RulesetAttr, RulesetCreated,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, make_bitflags,
};
use rustix::fs::{Mode, OFlags};
use thiserror::Error;

/// Directories of files that the agent reads: the kernel's, release files and hosts(5), udev's database, and
/// the stores of NixOS and Guix, to which links in `/etc` point.
const READ: [&str; 7] =
    ["/proc", "/sys", "/etc", "/usr/lib", "/run/udev", "/nix/store", "/gnu/store"];
/// Files that may be links out of these directories. The rule is for the present target of the link: if the
/// target is replaced, it can be read only after the next start.
const LINKS: [&str; 2] = ["/etc/os-release", "/etc/hosts"];
/// Can be listed, for `/dev/disk/by-uuid` and `by-label`, which udev may make later.
const LISTED: &str = "/dev";

/// The newest version whose restrictions were tried. Version 9 restricts connecting unix sockets.
const KNOWN: ABI = ABI::V6;

/// Why there is no Landlock.
#[derive(Debug, Error)]
pub enum Error {
    /// The kernel did not accept the rules.
    #[error(transparent)]
    Ruleset(#[from] RulesetError),
    /// The kernel has no Landlock, or was booted without it.
    #[error("not in this kernel")]
    Missing,
}

/// Forbids all files but those that the agent opens, TCP, and signals to other processes.
///
/// # Errors
/// [`Error`] when nothing is restricted.
pub fn restrict() -> Result<(), Error> {
    restrict_with(&LINKS.map(PathBuf::from))
}

/// The same, with other links.
pub fn restrict_with(links: &[PathBuf]) -> Result<(), Error> {
    let reading = make_bitflags!(AccessFs::{ReadFile | ReadDir});
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(KNOWN))?
        .handle_access(AccessNet::from_all(KNOWN))?
        .scope(Scope::Signal)?
        .create()?;
    for path in READ {
        rules = allow(rules, Path::new(path), reading)?;
    }
    for target in links.iter().filter_map(|link| fs::canonicalize(link).ok()) {
        rules = allow(rules, &target, AccessFs::ReadFile.into())?;
    }
    rules = allow(rules, Path::new(LISTED), AccessFs::ReadDir.into())?;
    let read_write = make_bitflags!(AccessFs::{ReadFile | WriteFile});
    rules = allow(rules, Path::new(xenstore::DEVICE), read_write)?;
    match rules.restrict_self()?.ruleset {
        RulesetStatus::NotEnforced => Err(Error::Missing),
        _ => Ok(()),
    }
}

/// A path that does not exist needs no rule.
fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    // Not with landlock's PathFd: it passes `O_PATH` to OpenOptions::custom_flags, which ignores all bits of
    // `O_ACCMODE`. musl's `O_ACCMODE` contains `O_PATH`, so PathFd would open a FIFO there, and block.
    match rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) {
        Ok(file) => rules.add_rule(PathBeneath::new(file, access)),
        Err(_) => Ok(rules),
    }
}
