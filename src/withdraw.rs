//! `--withdraw`, for scripts that remove a package. It ends in time even if xenstored does not answer or a file
//! cannot be read, and succeeds if there is nothing to withdraw: a package may be removed on any machine, and in an
//! image that is made on a running guest.

use std::io;
use std::path::Path;
use std::process;
use std::thread;
use std::time::Duration;

use collectors::inspect::{self, Namespaces};
use collectors::sys;
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
        info!("{why}: nothing is withdrawn");
        return Ok(());
    }
    if options.sandbox {
        sandbox::restrict_self(UnixSockets::needed(options.destination, log));
    }
    match publishers::withdraw(&store_opener(options.destination))? {
        Outcome::Synced => info!("withdrawn"),
        Outcome::Incomplete | Outcome::Disconnected => return Err(Error::Pending),
    }
    Ok(())
}

/// The reason why the keys are none of an agent of this system.
fn skip_reason(destination: Destination) -> Option<String> {
    if destination == Destination::Stdout {
        return None;
    }
    let root = Path::new("/");
    if let Err(why) = sys::check_guest(root) {
        return Some(why.to_string());
    }
    if sys::HAS_PROC && !Path::new("/proc/self").exists() {
        return Some("/proc is not mounted: this may be a chroot on a running guest".into());
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
