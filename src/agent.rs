//! Runs the agent: one thread for each collector, one for signals, and the publisher on the calling thread.
//!
//! Shutdown is by dropping handles: without its handle a collector returns and drops its end of the
//! channel; when the channel is closed, the publisher publishes what is left and returns.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use collectors::poll::{CollectorHandles, WakeReceiver};
use collectors::sys::guest::NotAGuest;
use collectors::xenstore_watch::{self, Wanted};
use collectors::{disks, drivers, memory, network, os, service, sys};
use crossbeam_channel::bounded;
use facts::{Outbox, channel};
use log::{info, warn};
use publishers::guest_state::Source;
use publishers::store::{Stdout, Xenstore};
use publishers::{OpenStore, Outcome, Publisher, Schema};
use thiserror::Error;

use crate::command_line::{Destination, Options};
use crate::control::{self, Requests};
use crate::logging::Target;
use crate::sandbox::{self, UnixSockets};
use crate::service_manager::ServiceManager;

/// Why the agent cannot start or go on.
#[derive(Debug, Error)]
pub enum Error {
    /// This is no Xen guest, so no host would read the keys.
    #[error(transparent)]
    NotAGuest(#[from] NotAGuest),
    /// The publisher has ended with an error.
    #[error(transparent)]
    Publisher(#[from] publishers::Error),
    /// With `--once`: not everything could be published.
    #[error("not everything could be published")]
    Unpublished,
    /// The system has no threads or descriptors left.
    #[error("cannot start: {0}")]
    Start(#[from] io::Error),
}

/// Runs the agent until SIGTERM or SIGINT, or, with `once`, until everything is published.
///
/// # Errors
/// When it cannot start, or the store is lost for good.
pub fn run(options: &Options, once: bool, log: Target) -> Result<(), Error> {
    // By a restore, a migration, a restart of xenstored.
    let can_lose_keys = options.destination == Destination::Xenstore && !once;
    // First: a reload that comes early must not end the agent.
    let mut requests = (!once).then(Requests::new).transpose()?;
    let manager = Arc::new(ServiceManager::from_environment());
    if let Some(requests) = &mut requests {
        if can_lose_keys && !control::wait_for_xenstore(requests, &manager) {
            info!("ended");
            return Ok(());
        }
        requests.block()?;
    }
    let schema = schema(options)?;
    // A request that is waiting already covers another one.
    let (reload, reloads) = bounded(1);
    let mut publisher = Publisher::new(schema, store_opener(options.destination))?
        .with_reloads(reloads)
        .disabled(&disabled(options))
        .has_resume_watch(can_lose_keys);
    if let Some(interval) = manager.watchdog() {
        let manager = manager.clone();
        publisher = publisher.with_watchdog(interval, Box::new(move || manager.ping_watchdog()));
    }
    if manager.is_present() {
        let manager = manager.clone();
        publisher = publisher.with_status(Box::new(move |text| manager.status(text)));
    }
    let (outbox, inbox) = channel();
    if options.sandbox {
        sandbox::restrict_self(UnixSockets::needed(options.destination, log));
    }
    let mut handles = CollectorHandles::default();
    start_collectors(options, can_lose_keys, &mut handles, &outbox)?;
    match requests {
        Some(requests) => control::start(requests, reload, handles, manager.clone())?,
        None => drop(handles),
    }
    drop(outbox);
    // Not when all is published: a host that does not answer must not delay the guest's boot.
    manager.ready();
    info!("started, version {}", env!("CARGO_PKG_VERSION"));
    let outcome = publisher.run(&inbox)?;
    if once && outcome != Outcome::Synced {
        return Err(Error::Unpublished);
    }
    info!("ended");
    Ok(())
}

/// The schema to use; an error if no host would read the keys, unless they are only printed.
fn schema(options: &Options) -> Result<Schema, Error> {
    let guest = match sys::check_guest(Path::new("/")) {
        Err(NotAGuest::NoXenstoreYet(_)) if options.destination == Destination::Stdout => Ok(()),
        other => other,
    };
    match (guest, options.destination, options.schema) {
        (Ok(()), _, schema) | (Err(_), Destination::Stdout, schema @ Schema::Rfc) => Ok(schema),
        (Err(why), Destination::Xenstore, _) => Err(why.into()),
        (Err(why), Destination::Stdout, _) => {
            warn!("{why}: each NIC is shown as if it were the vif of its interface index");
            Ok(Schema::StdEveryNic)
        }
    }
}

/// The collectors that are switched off. The list of SR-IOV VFs is only in xenstore.
pub fn disabled(options: &Options) -> Vec<Source> {
    let no_host = (options.destination == Destination::Stdout).then_some(Source::Sriov);
    options.disabled.iter().copied().chain(no_host).chain(unsupported()).collect()
}

/// The collectors that are not supported on this system.
fn unsupported() -> impl Iterator<Item = Source> {
    let collectors = [
        (network::IS_SUPPORTED, Source::Network),
        (disks::IS_SUPPORTED, Source::Disks),
        (xenstore_watch::HAS_FUNCTIONS, Source::Sriov),
    ];
    collectors.into_iter().filter(|(is_supported, _)| !is_supported).map(|(_, source)| source)
}

/// A function that opens the store for the keys. It may be called more than once.
pub fn store_opener(destination: Destination) -> OpenStore {
    match destination {
        Destination::Xenstore => Box::new(|| Ok(Box::new(Xenstore::open()?))),
        Destination::Stdout => Box::new(|| Ok(Box::new(Stdout::default()))),
    }
}

/// Starts the collectors; with `resume` also the watch for a resume. A new collector needs one more line here.
pub fn start_collectors(
    options: &Options,
    resume: bool,
    handles: &mut CollectorHandles,
    outbox: &Outbox,
) -> io::Result<()> {
    let root = Path::new("/");
    let (interval, disk_interval) = (options.memory_interval, options.disk_interval);
    let mut start = |name: &str, run: Box<dyn FnOnce(WakeReceiver, Outbox) + Send>| {
        let (wake, outbox) = (handles.new_receiver()?, outbox.clone());
        thread::Builder::new().name(name.into()).spawn(move || run(wake, outbox)).map(drop)
    };
    let disabled = disabled(options);
    let wanted = Wanted { resume, functions: !disabled.contains(&Source::Sriov) };
    if wanted.resume || wanted.functions {
        start("xenstore", Box::new(move |w, o| xenstore_watch::run(&w, &o, wanted)))?;
    }
    for (name, source) in Source::COLLECTORS {
        if disabled.contains(&source) {
            continue;
        }
        match source {
            Source::Agent | Source::Sriov => {}
            Source::Network => {
                let exclude = network::NicFilter::new(options.exclude_nics.clone());
                start(name, Box::new(move |w, o| network::run(&w, &o, root, &exclude)))?
            }
            Source::Memory => {
                start(name, Box::new(move |w, o| memory::run(&w, &o, root, interval)))?
            }
            Source::Os => start(name, Box::new(move |w, o| os::run(&w, &o, root)))?,
            Source::Drivers => start(name, Box::new(move |w, o| drivers::run(&w, &o, root)))?,
            Source::Service => start(name, Box::new(move |w, o| service::run(&w, &o, root)))?,
            Source::Disks => {
                start(name, Box::new(move |w, o| disks::run(&w, &o, root, disk_interval)))?
            }
        }
    }
    Ok(())
}
