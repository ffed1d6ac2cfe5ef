//! A connection to xenstored, over its socket or over the kernel's xenbus device.
//!
//! Implements the protocol and has no knowledge of keys. A request costs one write(2) and one read(2), and no
//! reply can make it allocate more than the protocol allows. The client of the crate xenstore-rs needs twice
//! as many system calls, has no watches, allocates any length that a reply's header claims, and hides names of
//! errors. That crate's trait `Xs` is the interface between publishers and stores.

mod backoff;
mod error;
mod wire;

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub use backoff::Backoff;
pub use error::Error;
pub use wire::Request;

const SOCKET: &str = "/run/xenstored/socket";
/// The kernel's xenbus device.
pub const DEVICE: &str = if cfg!(target_os = "freebsd") {
    "/dev/xen/xenstore"
} else if cfg!(target_os = "netbsd") {
    "/kern/xen/xenbus"
} else {
    "/dev/xen/xenbus"
};

/// Whether the device answers `XS_WATCH`. NetBSD's does not (`sys/arch/xen/xenbus/xenbus_dev.c`).
pub const HAS_WATCHES: bool = !cfg!(target_os = "netbsd");

/// The longest time to wait in poll(2) on the device. FreeBSD's device checks for data before it registers the
/// waiting thread, so data that arrives in between does not wake it (`sys/dev/xen/xenstore/xenstore_dev.c`,
/// `xs_dev_poll`).
pub const MAX_WAIT: Option<Duration> =
    if cfg!(target_os = "freebsd") { Some(Duration::from_secs(60)) } else { None };

/// The device of Linux before 3.3, in the mounted xenfs. Later kernels have a link to [`DEVICE`] there.
const OLD_DEVICE: &str = "/proc/xen/xenbus";

/// A connection to xenstored. After [`Error::Lost`] it cannot be used any more.
pub struct Connection {
    stream: Box<dyn Stream>,
    last_id: u32,
    out: Vec<u8>,
    received: Box<[u8]>,
    /// The number of bytes that were read into `received` and not consumed yet.
    filled: usize,
    /// The tokens of the watch events that came before the reply to a request.
    events: Vec<String>,
    /// The tokens of the watches.
    watches: Vec<&'static str>,
}

/// The byte stream of a connection. It need not be `Send`, so a connection is not: NetBSD's kernel keeps the
/// state of a connection per thread.
///
/// ```compile_fail,E0277
/// fn is_sent<T: Send>(_: T) {}
/// is_sent(xenstore::Connection::open());
/// ```
pub trait Stream: Read + Write + AsRawFd {}
impl<T: Read + Write + AsRawFd> Stream for T {}

impl Connection {
    /// Connects to the socket that `$XENSTORED_PATH` names (by default `/run/xenstored/socket`). If
    /// that fails, opens the kernel's device.
    ///
    /// # Errors
    /// If neither can be opened: both reasons, with the paths.
    pub fn open() -> io::Result<Self> {
        let socket = socket_path();
        let stream: Box<dyn Stream> = match UnixStream::connect(&socket) {
            Ok(stream) => Box::new(stream),
            Err(no_socket) => Box::new(open_device().map_err(|no_device| {
                let socket = Path::new(&socket).display();
                let text = format!("{socket}: {no_socket}; {DEVICE}: {no_device}");
                io::Error::new(no_device.kind(), text)
            })?),
        };
        Ok(Self::from_stream(stream))
    }

    /// A connection over an open stream.
    #[must_use]
    pub fn from_stream(stream: Box<dyn Stream>) -> Self {
        let received = vec![0; wire::HEADER + wire::MAX_PAYLOAD].into_boxed_slice();
        Self {
            stream,
            last_id: 0,
            out: Vec::new(),
            received,
            filled: 0,
            events: Vec::new(),
            watches: Vec::new(),
        }
    }

    /// The value of a node, without a NUL at its end. Bytes that are not UTF-8 are replaced.
    ///
    /// # Errors
    /// As [`Self::request`].
    pub fn read(&mut self, path: &str) -> Result<String, Error> {
        let value = self.request(Request::Read, path, &[])?;
        let value = value.strip_suffix(b"\0").unwrap_or(&value);
        Ok(String::from_utf8_lossy(value).into_owned())
    }

    /// The names of a node's children.
    ///
    /// # Errors
    /// As [`Self::request`].
    pub fn list(&mut self, path: &str) -> Result<Vec<String>, Error> {
        let names = self.request(Request::Directory, path, &[])?;
        let names = names.split(|&byte| byte == 0).filter(|name| !name.is_empty());
        Ok(names.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
    }

    /// Registers a watch, if there is none with this token. xenstored fires it once at once.
    ///
    /// # Errors
    /// As [`Self::request`].
    pub fn watch(&mut self, path: &str, token: &'static str) -> Result<(), Error> {
        if self.watches.contains(&token) {
            return Ok(());
        }
        match self.request(Request::Watch, path, format!("{token}\0").as_bytes()) {
            Ok(_) => {
                self.watches.push(token);
                Ok(())
            }
            // Linux's device makes the request itself: if xenstored refuses the watch, write(2) fails
            // (`xenbus_write_watch` in `drivers/xen/xenbus/xenbus_dev_frontend.c`).
            Err(Error::Lost(error)) => Err(match error.kind() {
                io::ErrorKind::ArgumentListTooLong => Error::of_name("E2BIG"),
                io::ErrorKind::StorageFull => Error::of_name("ENOSPC"),
                io::ErrorKind::InvalidInput => Error::of_name("EINVAL"),
                _ => Error::Lost(error),
            }),
            Err(refused) => Err(refused),
        }
    }

    /// Makes a request, waits for the reply and returns its payload.
    ///
    /// # Errors
    /// The error that xenstored answers; [`Error::Lost`] if it does not answer.
    pub fn request(&mut self, request: Request, path: &str, rest: &[u8]) -> Result<Vec<u8>, Error> {
        self.last_id = self.last_id.wrapping_add(1);
        wire::encode(&mut self.out, request, self.last_id, path, rest)?;
        self.stream.write_all(&self.out)?;
        loop {
            let Some(message) = wire::decode_first(self.buffered())? else {
                self.receive()?;
                continue;
            };
            let (length, token) = (message.length, message.token());
            let answer = message.answer(request).map(<[u8]>::to_vec);
            self.consume(length);
            match token {
                None => return answer,
                Some(token) => self.events.push(token),
            }
        }
    }

    /// Reads once, which waits until there are bytes to read, then returns the same as
    /// [`Self::pending_events`].
    ///
    /// # Errors
    /// When the connection has ended.
    pub fn wait_events(&mut self) -> io::Result<Vec<String>> {
        self.receive()?;
        self.pending_events()
    }

    /// The tokens of the watch events that were read since the last call, also of those read with replies.
    ///
    /// # Errors
    /// If the bytes are not of the protocol.
    pub fn pending_events(&mut self) -> io::Result<Vec<String>> {
        while let Some(message) = wire::decode_first(self.buffered())? {
            let (length, token) = (message.length, message.token());
            self.events.extend(token);
            self.consume(length);
        }
        Ok(std::mem::take(&mut self.events))
    }

    fn buffered(&self) -> &[u8] {
        self.received.get(..self.filled).unwrap_or_default()
    }

    fn receive(&mut self) -> io::Result<()> {
        match self.stream.read(self.received.get_mut(self.filled..).unwrap_or_default()) {
            Ok(0) => {
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, "xenstored closed the connection"))
            }
            Ok(more) => {
                self.filled += more;
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn consume(&mut self, length: usize) {
        self.received.copy_within(length..self.filled, 0);
        self.filled -= length;
    }
}

impl AsRawFd for Connection {
    fn as_raw_fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }
}

fn socket_path() -> OsString {
    env::var_os("XENSTORED_PATH").unwrap_or_else(|| SOCKET.into())
}

/// Where [`Connection::open`] connects to: xenstored's socket where there is one, else the kernel's device.
#[must_use]
pub fn path() -> PathBuf {
    if has_socket() { socket_path().into() } else { DEVICE.into() }
}

/// Whether xenstored has a socket in this domain, which connections use then instead of the device.
#[must_use]
pub fn has_socket() -> bool {
    Path::new(&socket_path()).exists()
}

/// The device, opened before the sandbox forbids it.
static SPARE_DEVICES: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// Opens the device until `count` open files are in reserve, for connections that are made after the sandbox forbids
/// opening it. Each connection needs its own, since the kernel keeps replies and watches per open file.
pub fn reserve_device(count: usize) {
    let mut spare = SPARE_DEVICES.lock().unwrap_or_else(PoisonError::into_inner);
    let missing = count.saturating_sub(spare.len());
    spare.extend((0..missing).map_while(|_| open_device_file().ok()));
}

fn open_device() -> io::Result<File> {
    let spare = || SPARE_DEVICES.lock().unwrap_or_else(PoisonError::into_inner).pop();
    open_device_file().or_else(|error| spare().ok_or(error))
}

/// The error is that of [`DEVICE`], not of the older path.
fn open_device_file() -> io::Result<File> {
    let open = |path: &str| File::options().read(true).write(true).open(path);
    open(DEVICE).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => open(OLD_DEVICE).map_err(|_| error),
        _ => Err(error),
    })
}

#[cfg(test)]
mod tests;
