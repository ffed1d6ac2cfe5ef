//! xenstored, over its socket or over the kernel's xenbus device.
//!
//! One write(2) and one read(2) a request, and no reply can make it allocate more than the protocol
//! allows: half the system calls of the client that comes with the crate xenstore-rs, which also
//! allocates what a reply's header asks for and hides the names of errors that hosts do use.

use std::cell::RefCell;
use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use xenstore_rs::Xs;

use super::Store;
use super::wire::{self, Request};

const SOCKET: &str = "/run/xenstored/socket";
/// Where the kernel gives a guest its xenstore.
const DEVICE: &str = if cfg!(target_os = "freebsd") {
    "/dev/xen/xenstore"
} else if cfg!(target_os = "netbsd") {
    "/kern/xen/xenbus"
} else {
    "/dev/xen/xenbus"
};

/// A connection to xenstored.
pub struct Xenstore(RefCell<Connection>);

struct Connection {
    stream: Box<dyn Stream>,
    next_id: u32,
    out: Vec<u8>,
    /// What has been received and not been taken: `received.0[..received.1]`.
    received: (Box<[u8]>, usize),
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

impl Xenstore {
    /// Connects to the socket that `$XENSTORED_PATH` names (by default `/run/xenstored/socket`), or
    /// where there is none to the kernel's device.
    ///
    /// # Errors
    /// When neither can be opened: the device's error, with its path.
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
        Ok(Self(RefCell::new(Connection::new(stream))))
    }

    fn request(&self, request: Request, path: &str, value: &[u8]) -> io::Result<Vec<u8>> {
        self.0.borrow_mut().request(request, path, value)
    }
}

fn open_device() -> io::Result<File> {
    File::options().read(true).write(true).open(DEVICE)
}

impl Connection {
    fn new(stream: Box<dyn Stream>) -> Self {
        let received = (vec![0; wire::HEADER + wire::LONGEST].into_boxed_slice(), 0);
        Self { stream, next_id: 0, out: Vec::new(), received }
    }

    fn request(&mut self, request: Request, path: &str, value: &[u8]) -> io::Result<Vec<u8>> {
        self.next_id = self.next_id.wrapping_add(1);
        wire::encode(&mut self.out, request, self.next_id, path, value)?;
        self.stream.write_all(&self.out)?;
        loop {
            let (bytes, length) = &self.received;
            match wire::first(bytes.get(..*length).unwrap_or_default())? {
                Some(reply) => {
                    let end = reply.length;
                    let answer = (!reply.is_event())
                        .then(|| reply.answer(request, self.next_id).map(<[u8]>::to_vec));
                    self.forget(end);
                    if let Some(answer) = answer {
                        return answer;
                    }
                }
                None => self.receive()?,
            }
        }
    }

    fn receive(&mut self) -> io::Result<()> {
        let (bytes, length) = &mut self.received;
        match self.stream.read(bytes.get_mut(*length..).unwrap_or_default()) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(more) => {
                *length += more;
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn forget(&mut self, end: usize) {
        let (bytes, length) = &mut self.received;
        bytes.copy_within(end..*length, 0);
        *length -= end;
    }
}

impl Store for Xenstore {}

impl Xs for Xenstore {
    fn directory(&self, path: &str) -> io::Result<Vec<Box<str>>> {
        let payload = self.request(Request::Directory, path, &[])?;
        let names = payload.split(|&byte| byte == 0).filter(|name| !name.is_empty());
        Ok(names.map(text).collect())
    }

    fn read(&self, path: &str) -> io::Result<Box<str>> {
        let payload = self.request(Request::Read, path, &[])?;
        Ok(text(wire::without_nul(&payload)))
    }

    fn write(&self, path: &str, data: &str) -> io::Result<()> {
        self.request(Request::Write, path, data.as_bytes()).map(drop)
    }

    fn rm(&self, path: &str) -> io::Result<()> {
        self.request(Request::Rm, path, &[]).map(drop)
    }
}

/// What is not UTF-8 was not written by an agent: replaced, it is seen to differ and goes.
fn text(payload: &[u8]) -> Box<str> {
    String::from_utf8_lossy(payload).into()
}
