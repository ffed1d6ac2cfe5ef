//! `--withdraw`, for scripts that remove a package. It ends in time even if xenstored does not answer, and
//! succeeds if there is nothing to withdraw: a package may be removed on any machine, and in an image that is
//! made on a running guest.

use std::io;
use std::path::Path;
use std::process;
use std::thread;
use std::time::Duration;

use collectors::inspect::{self, Namespaces};
use collectors::xen_detect;
use log::{error, info};
use publishers::Outcome;
use thiserror::Error;

use crate::agent::store_opener;
use crate::command_line::{Destination, Options};
use crate::logging::Target;
use crate::sandbox::{self, UnixSockets};

/// The longest time for all requests. They usually take a few milliseconds; on an emulated processor, 100 requests
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
    if let Some(why) = skip_reason(options.destination) {
        info!("{why}: nothing is withdrawn");
        return Ok(());
    }
    if options.sandbox {
        sandbox::restrict_self(UnixSockets::needed(options.destination, log));
    }
    let end_in_time = || {
        thread::sleep(TIMEOUT);
        error!("no answer from xenstored; exiting");
        process::exit(1);
    };
    thread::Builder::new().name("timeout".into()).spawn(end_in_time)?;
    match publishers::withdraw(&store_opener(options.destination))? {
        Outcome::Synced => info!("withdrawn"),
        Outcome::RetryLater | Outcome::Quota => return Err(Error::Pending),
    }
    Ok(())
}

/// The reason why the keys are none of an agent of this system.
fn skip_reason(destination: Destination) -> Option<String> {
    if destination == Destination::Stdout {
        return None;
    }
    let root = Path::new("/");
    if let Err(why) = xen_detect::check(root) {
        return Some(why.to_string());
    }
    // Where an image is made, /sys and /dev are those of the guest, and the keys those of its own agent. A process that may
    // not look at process 1 learns neither.
    let Namespaces { has_own_root, has_own_processes, .. } = inspect::namespaces(root);
    match (has_own_root, has_own_processes) {
        (Some(true), _) => Some("not the root of the running system".into()),
        (_, Some(true)) => Some("a container, with a PID namespace of its own".into()),
        _ => None,
    }
}
