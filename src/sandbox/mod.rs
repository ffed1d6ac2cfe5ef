//! Confinement: before the agent reads anything of the guest's, it gives up all that it does not need.
//!
//! Call [`restrict_self`] on the main thread before any other thread starts: threads inherit it. It
//! cannot be undone. What a system lacks costs one line in the log, never the agent.

// What the portable network collector takes on Linux is for the BSDs: the filter has none of it.
#[cfg(any(not(target_os = "linux"), feature = "portable-network"))]
#[path = "fallback.rs"]
mod platform;
#[cfg(all(target_os = "linux", not(feature = "portable-network")))]
#[path = "linux/mod.rs"]
mod platform;

use crate::command_line::Destination;
use crate::logging::Target;

pub use platform::restrict_self;

/// Which unix sockets the agent may still open and connect once it is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnixSockets {
    /// None: the log is standard error, and the keys go to the kernel's device or to standard output.
    None,
    /// Datagram sockets, for a syslog that is restarted. Daemons that carry out requests (D-Bus,
    /// systemd, Docker) listen on stream sockets.
    Datagram,
    /// Stream sockets too: for xenstored's socket, or a syslog that listens on a stream socket.
    All,
}

impl UnixSockets {
    /// What the store and the log need.
    pub fn needed(destination: Destination, log: Target) -> Self {
        let uses_xenstored = destination == Destination::Xenstore && xenstore::has_socket();
        match log {
            _ if uses_xenstored => Self::All,
            Target::SyslogStream => Self::All,
            Target::Syslog => Self::Datagram,
            Target::Stderr => Self::None,
        }
    }
}
