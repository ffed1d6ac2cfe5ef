//! Confinement: before the collectors start, the agent gives up the rights that it does not need.
//!
//! Call [`restrict_self`] on the main thread before any other thread starts: threads inherit it. `--check` calls it
//! on the thread that gathers what there is, which starts all others. It cannot be undone. If the system lacks a
//! mechanism, this is logged in one line and the agent runs without it.

// The filter does not allow the calls of the portable network collector, which is for the BSDs.
#[cfg(any(not(target_os = "linux"), feature = "portable-network"))]
#[path = "fallback.rs"]
mod platform;
#[cfg(all(target_os = "linux", not(feature = "portable-network")))]
#[path = "linux/mod.rs"]
mod platform;

use crate::command_line::Destination;
use crate::logging::Target;

pub use platform::restrict_self;

/// The unix sockets that the confined agent may open and connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnixSockets {
    /// None: the log is standard error, and the keys go to the kernel's device or to standard output.
    None,
    /// Datagram sockets, for a syslog that is restarted. Daemons that execute requests (D-Bus, systemd, Docker)
    /// listen on stream sockets.
    Datagram,
    /// Stream sockets too: for xenstored's socket, or a syslog that listens on a stream socket.
    All,
}

impl UnixSockets {
    /// The sockets that xenstore and the log need.
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
