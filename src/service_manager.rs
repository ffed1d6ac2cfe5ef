//! Notifies the service manager that the agent is ready, alive, or about to end, and of its status, as in
//! sd_notify(3) and sd_watchdog_enabled(3). Without `NOTIFY_SOCKET` nothing is opened and nothing sent.
//!
//! The socket is opened at the start and kept, so that the confined agent need not open one, and a notification
//! is one system call. The crate sd-notify opens a socket for each notification, and does not support abstract
//! addresses, which older systemds use.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram};
#[cfg(target_os = "linux")]
use std::os::{linux::net::SocketAddrExt, unix::ffi::OsStrExt};
use std::process;
use std::time::Duration;

use log::{debug, warn};

/// How long a notification may wait for a service manager that does not read its socket.
const NOTIFY_TIMEOUT: Duration = Duration::from_secs(1);

/// The connection to the service manager.
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
            socket.set_write_timeout(Some(NOTIFY_TIMEOUT))?;
            let address = address(&name)?;
            // Connected now, since a confined agent may not be able to later.
            if let Err(error) = socket.connect_addr(&address) {
                debug!("NOTIFY_SOCKET: {error}");
            }
            Ok((socket, address))
        };
        let connection = open().map_err(|error| warn!("NOTIFY_SOCKET: {error}; it is not used"));
        Self(connection.ok())
    }

    /// All threads are started.
    pub fn ready(&self) {
        self.notify("READY=1");
    }

    /// Pings the watchdog.
    pub fn ping_watchdog(&self) {
        self.notify("WATCHDOG=1");
    }

    /// Whether there is one.
    pub fn is_present(&self) -> bool {
        self.0.is_some()
    }

    /// What an administrator sees, one line.
    pub fn status(&self, text: &str) {
        self.notify(&format!("STATUS={text}"));
    }

    /// The agent is about to end.
    pub fn stopping(&self) {
        self.notify("STOPPING=1");
    }

    fn notify(&self, state: &str) {
        if let Some((socket, address)) = &self.0 {
            let send = || socket.send(state.as_bytes());
            // A restarted service manager has a new socket at the address.
            let sent = send().or_else(|_| socket.connect_addr(address).and_then(|()| send()));
            if let Err(error) = sent {
                debug!("service manager: {state} not sent: {error}");
            }
        }
    }

    /// The longest time between two pings, if the service manager has a watchdog.
    pub fn watchdog(&self) -> Option<Duration> {
        self.0.as_ref()?;
        let number = |name| env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
        let ours = env::var_os("WATCHDOG_PID").is_none()
            || number("WATCHDOG_PID") == Some(process::id().into());
        number("WATCHDOG_USEC").filter(|&usec| ours && usec > 0).map(Duration::from_micros)
    }
}

/// The address that `NOTIFY_SOCKET` names: a path, or `@` and the name of an abstract socket.
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    if let Some(name) = name.as_bytes().strip_prefix(b"@") {
        return SocketAddr::from_abstract_name(name);
    }
    SocketAddr::from_pathname(name)
}
