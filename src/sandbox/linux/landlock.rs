//! Landlock: reading where the guest's facts are, talking to the kernel's xenstore, nothing else.
//!
//! Rules are for directories, since files are replaced: a rule holds for the file that it was made
//! for, not for its name. What a path is looked up by (stat, `O_PATH`, readlink) Landlock leaves alone.

use std::fs;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, make_bitflags,
};
use thiserror::Error;

/// Where files are read: the kernel's, the release files and hosts(5), udev's database; and where
/// those of NixOS and Guix are that `/etc` has links to.
const READ: [&str; 7] =
    ["/proc", "/sys", "/etc", "/usr/lib", "/run/udev", "/nix/store", "/gnu/store"];
/// Read through whatever it is a link to.
const RELEASE: &str = "/etc/os-release";
/// Listed only, for `/dev/disk/by-uuid`, which may be made later.
const LISTED: &str = "/dev";

/// The newest version of which each restriction is known to do no harm. The sockets that version 9
/// would close are those of xenstored and syslog.
const KNOWN: ABI = ABI::V6;

/// Why there is no Landlock.
#[derive(Debug, Error)]
pub enum Error {
    /// The kernel would have it otherwise.
    #[error(transparent)]
    Ruleset(#[from] RulesetError),
    /// The kernel has none, or was booted without.
    #[error("not in this kernel")]
    Missing,
}

/// Closes all files but those that the agent has to open, all of TCP, and other processes.
///
/// # Errors
/// [`Error`] when nothing could be closed.
pub fn restrict() -> Result<(), Error> {
    let reading = make_bitflags!(AccessFs::{ReadFile | ReadDir});
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(KNOWN))?
        .handle_access(AccessNet::from_all(KNOWN))?
        .scope(Scope::Signal)?
        .create()?;
    for path in READ {
        rules = allow(rules, Path::new(path), reading)?;
    }
    if let Ok(release) = fs::canonicalize(RELEASE) {
        rules = allow(rules, &release, AccessFs::ReadFile.into())?;
    }
    rules = allow(rules, Path::new(LISTED), AccessFs::ReadDir.into())?;
    let talking = make_bitflags!(AccessFs::{ReadFile | WriteFile});
    rules = allow(rules, Path::new(xenstore::DEVICE), talking)?;
    match rules.restrict_self()?.ruleset {
        RulesetStatus::NotEnforced => Err(Error::Missing),
        _ => Ok(()),
    }
}

/// What is not there needs no rule.
fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    match PathFd::new(path) {
        Ok(file) => rules.add_rule(PathBeneath::new(file, access)),
        Err(_) => Ok(rules),
    }
}
