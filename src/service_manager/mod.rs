//! What the service manager that started the agent is told, as sd_notify(3) and
//! sd_watchdog_enabled(3) say: that the agent is ready, alive, about to end. Where nobody asked for
//! it, nothing is opened and nothing sent.
//!
//! The socket is opened at the start and kept, so that the confined agent needs to open none, and
//! word from the watchdog's loop is one system call. The crate sd-notify opens one for each word, and
//! does not know abstract addresses, which older systemds use.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as os;
#[cfg(not(target_os = "linux"))]
mod fallback;
#[cfg(not(target_os = "linux"))]
use fallback as os;

use std::env;
use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process;
use std::time::Duration;

use log::{debug, warn};

/// How long a word may wait for a service manager that does not listen.
const PATIENCE: Duration = Duration::from_secs(1);

/// The line to the service manager.
#[derive(Debug)]
pub struct ServiceManager(Option<(UnixDatagram, SocketAddr)>);

impl ServiceManager {
    /// Finds it by `NOTIFY_SOCKET`.
    pub fn from_environment() -> Self {
        let Some(name) = env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
            return Self(None);
        };
        let open = || -> io::Result<_> {
            let socket = UnixDatagram::unbound()?;
            socket.set_write_timeout(Some(PATIENCE))?;
            let address = os::address(&name)?;
            // Connected now, since a confined agent may not be able to later.
            if let Err(error) = socket.connect_addr(&address) {
                debug!("NOTIFY_SOCKET: {error}");
            }
            Ok((socket, address))
        };
        let line = open().map_err(|error| warn!("NOTIFY_SOCKET: {error}; it is not used"));
        Self(line.ok())
    }

    /// Everything that was started at the start is there.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// The agent is alive.
    pub fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    /// The agent is about to end.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    fn tell(&self, word: &str) {
        if let Some((socket, address)) = &self.0 {
            let send = || socket.send(word.as_bytes());
            // A manager that was started again has a new socket at the address.
            let sent = send().or_else(|_| socket.connect_addr(address).and_then(|()| send()));
            if let Err(error) = sent {
                debug!("the service manager was not told {word}: {error}");
            }
        }
    }

    /// How often it wants to hear that the agent is alive, if at all.
    pub fn watchdog(&self) -> Option<Duration> {
        self.0.as_ref()?;
        let number = |name| env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
        let ours = env::var_os("WATCHDOG_PID").is_none()
            || number("WATCHDOG_PID") == Some(process::id().into());
        number("WATCHDOG_USEC").filter(|&usec| ours && usec > 0).map(Duration::from_micros)
    }
}
