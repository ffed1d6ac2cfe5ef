//! The socket of the log daemon. It is opened again after the daemon was restarted, and never blocks.
//!
//! It is a datagram socket, or a stream socket with a NUL after each line, as in old configurations of
//! syslog-ng. connect(2) on a stream socket waits while the daemon accepts no connection, so the socket is
//! non-blocking from the start; the crate's own constructor connects a blocking one.

use std::fmt::Display;
use std::io::{self, BufWriter, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::process;
use std::sync::{Mutex, PoisonError};

use log::Record;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use syslog::{Error, Facility, LogFormat, Logger, LoggerBackend, Result, Severity};

use super::{MAX_LINE, Target, one_line, severity};

/// Linux, macOS, the BSDs.
const PATHS: [&str; 3] = ["/dev/log", "/var/run/syslog", "/var/run/log"];

/// The connection to the log daemon; `None` while it accepts no connection.
pub struct SyslogSocket(Option<Logger<LoggerBackend, Format>>);

impl SyslogSocket {
    /// Connects.
    ///
    /// # Errors
    /// When no log daemon listens.
    pub fn open() -> io::Result<Self> {
        match connect() {
            Ok(backend) => Ok(Self(Some(Logger::new(backend, Format)))),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }

    /// The kind of the daemon's socket. Only a stream socket can accept no connection.
    pub fn target(&self) -> Target {
        match self.0.as_ref().map(|logger| &logger.backend) {
            Some(LoggerBackend::Unix(_)) => Target::Syslog,
            _ => Target::SyslogStream,
        }
    }

    /// Sends each record.
    pub fn into_output(self) -> fern::Output {
        let socket = Mutex::new(self);
        fern::Output::call(move |record| {
            socket.lock().unwrap_or_else(PoisonError::into_inner).send(record);
        })
    }

    fn send(&mut self, record: &Record<'_>) {
        if self.0.is_some() && self.try_send(record).is_ok() {
            return;
        }
        if let Ok(again) = Self::open() {
            *self = again;
            let _ = self.try_send(record);
        }
    }

    /// If the daemon does not read at the moment, the line is lost without an error.
    fn try_send(&mut self, record: &Record<'_>) -> Result<()> {
        let Some(logger) = &mut self.0 else { return Ok(()) };
        match Format.format(&mut logger.backend, severity(record.level()), record.args()) {
            Err(Error::Write(error)) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            done => done,
        }
    }
}

fn connect() -> io::Result<LoggerBackend> {
    let mut missing = io::ErrorKind::NotFound.into();
    for path in PATHS {
        match connect_to(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing = error,
            done => return done,
        }
    }
    Err(missing)
}

fn connect_to(path: &str) -> io::Result<LoggerBackend> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    match socket.connect(path) {
        Ok(()) => Ok(LoggerBackend::Unix(socket)),
        Err(error) if error.raw_os_error() == Some(libc::EPROTOTYPE) => {
            // The standard library cannot make a stream socket without connecting it. Its datagram type makes
            // the same system calls; the descriptor is given to the stream type afterwards.
            let (kind, flags) = (SocketType::STREAM, SocketFlags::CLOEXEC);
            let socket = UnixDatagram::from(socket_with(AddressFamily::UNIX, kind, flags, None)?);
            socket.set_nonblocking(true)?;
            socket.connect(path)?;
            let stream = UnixStream::from(OwnedFd::from(socket));
            Ok(LoggerBackend::UnixStream(BufWriter::new(stream)))
        }
        Err(error) => Err(error),
    }
}

/// A line as syslog(3) sends it, without a time: the daemon adds the time in its own zone.
#[derive(Clone, Copy, Debug)]
pub struct Format;

impl<T: Display> LogFormat<T> for Format {
    fn format<W: Write>(&self, to: &mut W, severity: Severity, message: T) -> Result<()> {
        let priority = Facility::LOG_DAEMON as u8 | severity as u8;
        let message = one_line(&message, MAX_LINE);
        write!(to, "<{priority}>xen-guest-agent[{}]: {message}", process::id())
            .map_err(Error::Write)
    }
}
