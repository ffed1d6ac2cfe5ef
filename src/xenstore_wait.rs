//! The wait for xenstore in a dom0less guest: Xen starts such a guest, and dom0's `init-dom0less` gives it
//! a xenstore later. Until then this opens neither the xenstore device nor its socket.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use collectors::poll::{CollectorHandles, PollSource, WakeReason};
use collectors::sys::{self, guest::NotAGuest};
use log::info;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::{pipe, unregister};
use xenstore::Backoff;

use crate::service_manager::ServiceManager;

/// Waits while the guest has no xenstore yet; returns false if SIGTERM or SIGINT came first. `signals` must
/// contain both.
///
/// # Errors
/// When the system has no descriptors left.
pub fn wait(signals: &mut Signals, manager: &ServiceManager) -> io::Result<bool> {
    let Err(why @ NotAGuest::NoXenstoreYet(_)) = sys::check_guest(Path::new("/")) else {
        return Ok(true);
    };
    let (signalled, sender) = UnixStream::pair()?;
    let registered =
        [pipe::register(SIGTERM, sender.try_clone()?)?, pipe::register(SIGINT, sender)?];
    info!("{why}; waiting for it");
    manager.ready();
    // A signal that came before the pipe was registered.
    let is_over = signals.pending().any(|signal| signal != SIGHUP);
    let is_there = if is_over { Ok(false) } else { poll_until_there(&signalled, manager) };
    for action in registered {
        unregister(action);
    }
    if matches!(is_there, Ok(false)) {
        manager.stopping();
    }
    is_there
}

fn poll_until_there(signalled: &UnixStream, manager: &ServiceManager) -> io::Result<bool> {
    let (mut handles, mut backoff) = (CollectorHandles::default(), Backoff::default());
    let wake = handles.wake()?;
    let longest = manager.watchdog().map_or(Duration::MAX, |interval| interval / 2);
    while let Err(NotAGuest::NoXenstoreYet(_)) = sys::check_guest(Path::new("/")) {
        let delay = backoff.next_delay().min(longest);
        let sources = [PollSource::PollIn(signalled.as_raw_fd())];
        if wake.wait(&sources, Some(delay)) == WakeReason::Ready {
            return Ok(false);
        }
        if manager.watchdog().is_some() {
            manager.ping_watchdog();
        }
    }
    Ok(true)
}
