//! `--withdraw`, for scripts that remove a package. It ends in time even if xenstored does not answer or a file
//! cannot be read. It succeeds if there is nothing to withdraw: a package may be removed on any machine.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process;
use std::thread;
use std::time::Duration;

use collectors::xen_detect;
use log::{error, info};
use publishers::Outcome;
use thiserror::Error;

use crate::agent::store_opener;
use crate::command_line::{Destination, Options};
use crate::logging::Target;
use crate::sandbox::{self, UnixSockets};

/// The longest time for everything. The requests usually take a few milliseconds; on an emulated processor, 100
/// took more than five seconds.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Why keys of the agent may be left.
#[derive(Debug, Error)]
pub enum Error {
    /// xenstore cannot be opened, or the connection was lost.
    #[error(transparent)]
    Store(#[from] publishers::Error),
    /// xenstored rejected a request.
    #[error("not everything could be withdrawn")]
    Pending,
    /// The system has no threads left.
    #[error("cannot start: {0}")]
    Start(#[from] io::Error),
}

/// Removes the published keys and writes that the agent is uninstalled.
///
/// # Errors
/// When keys may be left.
pub fn run(options: &Options, log: Target) -> Result<(), Error> {
    let end_in_time = || {
        thread::sleep(TIMEOUT);
        error!("not done within {} s; exiting", TIMEOUT.as_secs());
        process::exit(1);
    };
    thread::Builder::new().name("timeout".into()).spawn(end_in_time)?;
    if let Some(why) = skip_reason(options.destination) {
        info!("{why}: there is nothing to withdraw");
        return Ok(());
    }
    if options.sandbox {
        sandbox::restrict_self(UnixSockets::needed(options.destination, log));
    }
    match publishers::withdraw(&store_opener(options.destination))? {
        Outcome::Synced => info!("withdrawn"),
        Outcome::RetryLater | Outcome::Quota => return Err(Error::Pending),
    }
    Ok(())
}

/// The reason why no agent of this system can have published keys.
fn skip_reason(destination: Destination) -> Option<String> {
    if destination == Destination::Stdout {
        return None;
    }
    if is_changed_root() {
        return Some("not the root of the running system".into());
    }
    xen_detect::check(Path::new("/")).err().map(|why| why.to_string())
}

/// Whether this is a chroot, such as one in which an image is made: the keys are those of the guest's own agent
/// then. False if the root of process 1 cannot be read.
fn is_changed_root() -> bool {
    let root = |path| fs::metadata(path).map(|root| (root.dev(), root.ino())).ok();
    root("/proc/1/root").is_some_and(|first| Some(first) != root("/"))
}
