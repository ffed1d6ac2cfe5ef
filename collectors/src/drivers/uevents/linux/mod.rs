//! Linux: a netlink socket in the group to which the kernel sends uevents. udev sends to another group.

mod filter;

use std::io;
use std::os::fd::AsRawFd;

use log::{debug, trace, warn};
use neli::consts::socket::{Msg, NlFamily};
use neli::socket::NlSocket;
use neli::utils::Groups;

use crate::drivers::uevent::is_relevant;
use crate::poll::PollSource;
use crate::watch_loop::Watch;

/// The kernel's group. Other senders need `CAP_NET_ADMIN` (`uevent_net_rcv` in `lib/kobject_uevent.c`).
const KERNEL: u32 = 1;
/// More than the kernel's longest event, in bytes: settings of at most 2048 (`UEVENT_BUFFER_SIZE`) and the
/// first line.
const MAX_LENGTH: usize = 4096;

/// The socket; `None` after it failed.
pub struct Uevents(Option<NlSocket>);

impl Uevents {
    /// Subscribes. If that fails, it is logged.
    pub fn subscribe() -> Self {
        Self(open().map_err(log_failure).ok())
    }
}

fn open() -> io::Result<NlSocket> {
    let socket = NlSocket::new(NlFamily::KobjectUevent)?;
    // Before bind(2), so that no other event is received.
    if let Err(error) = filter::attach(socket.as_raw_fd()) {
        debug!("drivers: the kernel does not filter events: {error}; each one wakes this thread");
    }
    socket.bind(None, Groups::new_groups(&[KERNEL]))?;
    Ok(socket)
}

impl Watch for Uevents {
    fn sources(&self) -> Vec<PollSource> {
        self.0.iter().map(|socket| PollSource::PollIn(socket.as_raw_fd())).collect()
    }

    /// Also `true` if the kernel dropped events.
    fn drain(&mut self) -> bool {
        let mut has_changed = false;
        let mut buffer = [0; MAX_LENGTH];
        while let Some(socket) = &self.0 {
            match socket.recv(&mut buffer[..], Msg::DONTWAIT) {
                Ok((length, _)) => {
                    let event = buffer.get(..length).unwrap_or_default();
                    trace!("drivers: {}", event.escape_ascii());
                    has_changed |= is_relevant(event);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => has_changed = true,
                Err(error) => {
                    log_failure(error);
                    self.0 = None;
                }
            }
        }
        has_changed
    }
}

fn log_failure(error: io::Error) {
    warn!("drivers: cannot receive uevents: {error}; changes are seen only on SIGHUP");
}
