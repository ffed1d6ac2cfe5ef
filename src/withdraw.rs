//! `--withdraw`: what the scripts that remove a package call. Ends in time whatever the store does,
//! and is content where there is nothing to withdraw: a package may be removed anywhere.

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

/// How long the store may take for all of it; a few milliseconds are usual.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why something of the agent is left in the store.
#[derive(Debug, Error)]
pub enum Error {
    /// The store is not there, or went away.
    #[error(transparent)]
    Store(#[from] publishers::Error),
    /// The store would not take everything.
    #[error("not everything could be withdrawn")]
    Pending,
    /// The system has no threads left.
    #[error("cannot start: {0}")]
    Start(#[from] io::Error),
}

/// Removes from the store what the agent published, and says there that it is uninstalled.
///
/// # Errors
/// When something of it is left.
pub fn run(options: &Options, log: Target) -> Result<(), Error> {
    if let Some(why) = nothing_here(options.destination) {
        info!("{why}: there is nothing to withdraw");
        return Ok(());
    }
    if options.sandbox {
        sandbox::restrict_self(UnixSockets::needed(options.destination, log));
    }
    let end_in_time = || {
        thread::sleep(PATIENCE);
        error!("no answer from xenstored; exiting");
        process::exit(1);
    };
    thread::Builder::new().name("patience".into()).spawn(end_in_time)?;
    match publishers::withdraw(&store_opener(options.destination))? {
        Outcome::Synced => info!("withdrawn"),
        Outcome::RetryLater | Outcome::Quota => return Err(Error::Pending),
    }
    Ok(())
}

/// Why no agent of this system can have published anything there.
fn nothing_here(destination: Destination) -> Option<String> {
    if destination == Destination::Stdout {
        return None;
    }
    if is_changed_root() {
        return Some("not the root of the running system".into());
    }
    xen_detect::check(Path::new("/")).err().map(|why| why.to_string())
}

/// Whether this is the root of an image that is being made: the guest below it, if it is one, has an
/// agent of its own. Where nothing is known of the first process, it is not.
fn is_changed_root() -> bool {
    let root = |path| fs::metadata(path).map(|root| (root.dev(), root.ino())).ok();
    root("/proc/1/root").is_some_and(|first| Some(first) != root("/"))
}
