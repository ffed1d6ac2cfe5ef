//! A connection to xenstored, over its socket or over the kernel's xenbus device.
//!
//! Knows the protocol and nothing of keys. One write(2) and one read(2) a request, and no reply can
//! make it allocate more than the protocol allows: half the system calls of the client in the crate
//! xenstore-rs, which has no watches, allocates what a reply's header asks for and hides the names
//! of errors that hosts do use. The trait of that crate stays the seam between publishers and stores.

mod backoff;
mod wire;

use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use thiserror::Error;

pub use backoff::Backoff;
pub use wire::Request;

const SOCKET: &str = "/run/xenstored/socket";
/// Where the kernel gives a guest its xenstore.
pub const DEVICE: &str = if cfg!(target_os = "freebsd") {
    "/dev/xen/xenstore"
} else if cfg!(target_os = "netbsd") {
    "/kern/xen/xenbus"
} else {
    "/dev/xen/xenbus"
};

/// The store understood a request and said no: the name of the error, as `EACCES`.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct XsError(pub String);

/// A connection to xenstored.
pub struct Connection {
    stream: Box<dyn Stream>,
    last_id: u32,
    out: Vec<u8>,
    received: Box<[u8]>,
    /// How much of `received` has come and was not taken yet, in bytes.
    filled: usize,
    /// Watch events that came while a reply was waited for.
    events: usize,
}

/// What a connection goes over.
pub trait Stream: Read + Write + AsRawFd + Send {}
impl<T: Read + Write + AsRawFd + Send> Stream for T {}

impl Connection {
    /// Connects to the socket that `$XENSTORED_PATH` names (by default `/run/xenstored/socket`), or
    /// where there is none to the kernel's device.
    ///
    /// # Errors
    /// When neither can be opened: both reasons, with the paths.
    pub fn open() -> io::Result<Self> {
        let socket = env::var_os("XENSTORED_PATH").unwrap_or_else(|| SOCKET.into());
        let stream: Box<dyn Stream> = match UnixStream::connect(&socket) {
            Ok(stream) => Box::new(stream),
            Err(no_socket) => Box::new(open_device().map_err(|no_device| {
                let socket = Path::new(&socket).display();
                let text = format!("{socket}: {no_socket}; {DEVICE}: {no_device}");
                io::Error::new(no_device.kind(), text)
            })?),
        };
        Ok(Self::over(stream))
    }

    /// A connection over what is open already.
    #[must_use]
    pub fn over(stream: Box<dyn Stream>) -> Self {
        let received = vec![0; wire::HEADER + wire::LONGEST].into_boxed_slice();
        Self { stream, last_id: 0, out: Vec::new(), received, filled: 0, events: 0 }
    }

    /// Makes a request and waits for its answer: the payload.
    ///
    /// # Errors
    /// An [`XsError`] inside the error when the store says no; anything else means that the
    /// connection is of no use any more.
    pub fn request(&mut self, request: Request, path: &str, rest: &[u8]) -> io::Result<Vec<u8>> {
        self.last_id = self.last_id.wrapping_add(1);
        wire::encode(&mut self.out, request, self.last_id, path, rest)?;
        self.stream.write_all(&self.out)?;
        loop {
            let Some(reply) = wire::first(self.waiting())? else {
                self.receive()?;
                continue;
            };
            let (length, is_event) = (reply.length, reply.is_event());
            let answer = reply.answer(request, self.last_id).map(<[u8]>::to_vec);
            self.forget(length);
            if !is_event {
                return answer;
            }
            self.events += 1;
        }
    }

    /// Reads what has come, waiting for something if there is nothing: how many watch events there
    /// were since the last call of this or of [`Self::waiting_events`].
    ///
    /// # Errors
    /// When the connection is of no use any more.
    pub fn events(&mut self) -> io::Result<usize> {
        self.receive()?;
        self.waiting_events()
    }

    /// How many watch events have come since the last call, with answers or before them.
    ///
    /// # Errors
    /// When the connection is of no use any more.
    pub fn waiting_events(&mut self) -> io::Result<usize> {
        while let Some(message) = wire::first(self.waiting())? {
            let (length, is_event) = (message.length, message.is_event());
            self.events += usize::from(is_event);
            self.forget(length);
        }
        Ok(std::mem::take(&mut self.events))
    }

    fn waiting(&self) -> &[u8] {
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

    fn forget(&mut self, length: usize) {
        self.received.copy_within(length..self.filled, 0);
        self.filled -= length;
    }
}

impl AsRawFd for Connection {
    fn as_raw_fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }
}

fn open_device() -> io::Result<File> {
    File::options().read(true).write(true).open(DEVICE)
}

/// The payload without the NUL that may end it.
#[must_use]
pub fn without_nul(payload: &[u8]) -> &[u8] {
    payload.strip_suffix(b"\0").unwrap_or(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u32, id: u32, payload: &[u8]) -> Vec<u8> {
        let words = [kind, id, 0, payload.len() as u32];
        words.iter().flat_map(|word| word.to_ne_bytes()).chain(payload.iter().copied()).collect()
    }

    #[test]
    fn events_around_an_answer_are_not_lost() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut connection = Connection::over(Box::new(ours));
        let (event, answer) = (message(15, 0, b"a\0b\0"), message(2, 1, b"1"));
        theirs
            .write_all(&[event.clone(), answer, event.clone(), event[..7].to_vec()].concat())
            .unwrap();
        assert_eq!(connection.request(Request::Read, "a", &[]).unwrap(), b"1");
        assert_eq!(connection.waiting_events().unwrap(), 2);
        assert_eq!(connection.waiting_events().unwrap(), 0);
        theirs.write_all(&event[7..]).unwrap();
        assert_eq!(connection.events().unwrap(), 1);
    }
}
