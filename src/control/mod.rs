//! Reload and stop: the requests that end the agent, or have it read everything again.
//!
//! They are asked for until the guest has a xenstore, and then taken by a thread that does nothing else.

#[path = "unix.rs"]
mod platform;

use std::io;
use std::path::Path;
use std::process;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use collectors::poll::CollectorHandles;
use collectors::sys::{self, guest::NotAGuest};
use crossbeam_channel::Sender;
use log::{error, info};

pub use platform::Requests;

use crate::service_manager::ServiceManager;

/// How long the publisher may take to publish what is left after a stop. A busy machine needs more than a second;
/// service managers wait five.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);
/// How often a dom0less guest looks for its xenstore.
const XENSTORE_INTERVAL: Duration = Duration::from_secs(1);

/// What is asked of the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Read xenstore back and collect everything again.
    Reload,
    /// Publish what is left, and end.
    Stop,
}

/// Waits while this guest has no xenstore yet; returns false if a stop came first. Xen itself starts a dom0less guest,
/// and dom0's `init-dom0less` gives it a xenstore later. Until then nothing may open the device or the socket.
pub fn wait_for_xenstore(requests: &mut Requests, manager: &ServiceManager) -> bool {
    let mut is_waiting = false;
    while let Err(why @ NotAGuest::NoXenstoreYet(_)) = sys::check_guest(Path::new("/")) {
        if !is_waiting {
            info!("{why}; waiting for it");
            manager.ready();
            is_waiting = true;
        }
        if requests.has_stop() {
            manager.stopping();
            return false;
        }
        if manager.watchdog().is_some() {
            manager.ping_watchdog();
        }
        thread::sleep(XENSTORE_INTERVAL);
    }
    true
}

/// Starts the thread that takes the requests. After a stop the process ends within [`SHUTDOWN_TIMEOUT`] even if
/// xenstored does not answer.
///
/// # Errors
/// When the system has no threads left.
pub fn start(
    mut requests: Requests,
    reload: Sender<()>,
    mut handles: CollectorHandles,
    manager: Arc<ServiceManager>,
) -> io::Result<()> {
    let take = move || {
        while requests.wait() == Request::Reload {
            info!("reload: reading xenstore back, collecting everything again");
            let _ = reload.try_send(());
            handles.refresh();
        }
        manager.stopping();
        drop(handles);
        thread::sleep(SHUTDOWN_TIMEOUT);
        error!("not done within {} s; exiting", SHUTDOWN_TIMEOUT.as_secs());
        process::exit(0);
    };
    thread::Builder::new().name("signals".into()).spawn(take).map(drop)
}
