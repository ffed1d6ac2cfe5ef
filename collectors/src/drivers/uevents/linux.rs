//! Linux: a netlink socket in the group that the kernel itself sends to; udev's is another.

use std::io;
use std::os::fd::AsRawFd;
use std::time::Duration;

use log::{trace, warn};
use neli::consts::socket::{Msg, NlFamily};
use neli::socket::NlSocket;
use neli::utils::Groups;

use crate::drivers::uevent::is_relevant;
use crate::poll::PollSource;

/// The kernel's group; only root can send to it besides.
const KERNEL: u32 = 1;
/// The kernel's longest event (`UEVENT_BUFFER_SIZE`), and its first line again.
const LONGEST: usize = 4096;

/// The socket, as long as it works.
pub struct Uevents(Option<NlSocket>);

impl Uevents {
    /// How often to look without an event: never.
    pub const LOOK_AGAIN: Option<Duration> = None;

    /// Listens from now on. Where that is not possible it is said once; a refresh finds changes.
    pub fn listen() -> Self {
        let groups = Groups::new_groups(&[KERNEL]);
        Self(NlSocket::connect(NlFamily::KobjectUevent, None, groups).map_err(tell).ok())
    }

    /// What to wait for.
    pub fn sources(&self) -> Vec<PollSource> {
        self.0.iter().map(|socket| PollSource::PollIn(socket.as_raw_fd())).collect()
    }

    /// Reads the events that wait: whether one of them calls for another look, or some were lost.
    pub fn read(&mut self) -> bool {
        let mut concerned = false;
        let mut buffer = [0; LONGEST];
        while let Some(socket) = &self.0 {
            match socket.recv(&mut buffer[..], Msg::DONTWAIT) {
                Ok((length, _)) => {
                    let event = buffer.get(..length).unwrap_or_default();
                    trace!("drivers: {}", event.escape_ascii());
                    concerned |= is_relevant(event);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => concerned = true,
                Err(error) => {
                    tell(error);
                    self.0 = None;
                }
            }
        }
        concerned
    }
}

fn tell(error: io::Error) {
    warn!("drivers: the kernel's events cannot be heard: {error}; a change shows on a reload");
}
