//! The xenstore wire protocol on a unix socket, as dom0 or a guest uses it: `docs/misc/xenstore.txt` in Xen.
//! A 16-byte header (type, request, transaction, length), then NUL-terminated strings. It does not use the
//! agent's client, whose mistakes it would share.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

pub const DIRECTORY: u32 = 1;
pub const READ: u32 = 2;
pub const WATCH: u32 = 4;
pub const UNWATCH: u32 = 5;
pub const INTRODUCE: u32 = 8;
pub const WRITE: u32 = 11;
pub const MKDIR: u32 = 12;
pub const RM: u32 = 13;
pub const SET_PERMS: u32 = 14;
pub const WATCH_EVENT: u32 = 15;
pub const ERROR: u32 = 16;

/// Every node with its value, by path.
pub type Nodes = BTreeMap<String, String>;

/// The header of a message.
#[derive(Clone, Copy)]
pub struct Header {
    pub kind: u32,
    pub request: u32,
    pub transaction: u32,
    pub length: u32,
}

impl Header {
    pub const SIZE: usize = 16;

    pub fn parse(bytes: &[u8]) -> Header {
        let word = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
        Header { kind: word(0), request: word(4), transaction: word(8), length: word(12) }
    }

    pub fn with(self, body: &[u8]) -> Vec<u8> {
        let mut message = Vec::with_capacity(Header::SIZE + body.len());
        for word in [self.kind, self.request, self.transaction, body.len() as u32] {
            message.extend(word.to_ne_bytes());
        }
        message.extend(body);
        message
    }
}

/// Reads one message; an error if the connection is closed.
pub fn receive(stream: &mut impl Read) -> io::Result<(Header, Vec<u8>)> {
    let mut head = [0; Header::SIZE];
    stream.read_exact(&mut head)?;
    let header = Header::parse(&head);
    let mut body = vec![0; header.length as usize];
    stream.read_exact(&mut body)?;
    Ok((header, body))
}

/// One connection to a xenstored.
pub struct Store {
    stream: UnixStream,
}

impl Store {
    pub fn connect(socket: &Path) -> io::Result<Store> {
        Ok(Store { stream: UnixStream::connect(socket)? })
    }

    /// Makes one request. The error is the name that xenstored sends, such as `EACCES`.
    pub fn call(&mut self, kind: u32, body: &[u8]) -> Result<Vec<u8>, String> {
        let header = Header { kind, request: 1, transaction: 0, length: 0 };
        self.stream.write_all(&header.with(body)).map_err(|e| e.to_string())?;
        loop {
            let (header, mut body) = receive(&mut self.stream).map_err(|e| e.to_string())?;
            match header.kind {
                WATCH_EVENT => {}
                ERROR => {
                    body.pop();
                    return Err(String::from_utf8_lossy(&body).into());
                }
                _ => return Ok(body),
            }
        }
    }

    pub fn read(&mut self, path: &str) -> Result<String, String> {
        let value = self.call(READ, &strings(&[path]))?;
        Ok(String::from_utf8_lossy(&value).into())
    }

    pub fn write(&mut self, path: &str, value: &str) -> Result<(), String> {
        let mut body = strings(&[path]);
        body.extend(value.as_bytes());
        self.call(WRITE, &body).map(drop)
    }

    pub fn rm(&mut self, path: &str) -> Result<(), String> {
        self.call(RM, &strings(&[path])).map(drop)
    }

    /// Makes a directory with these permissions: `n1` domain 1 owns it, `r1` domain 1 reads it.
    pub fn mkdir(&mut self, path: &str, perms: &[&str]) -> Result<(), String> {
        self.call(MKDIR, &strings(&[path]))?;
        self.set_perms(path, perms)
    }

    pub fn set_perms(&mut self, path: &str, perms: &[&str]) -> Result<(), String> {
        self.call(SET_PERMS, &strings(&[&[path], perms].concat())).map(drop)
    }

    /// Everything below `top`, by path relative to it.
    pub fn nodes(&mut self, top: &str) -> Nodes {
        let (mut nodes, mut open) = (Nodes::new(), vec![String::new()]);
        while let Some(path) = open.pop() {
            // A node that is removed meanwhile is left out.
            let Ok(names) = self.call(DIRECTORY, &strings(&[&join(top, &path)])) else { continue };
            for name in names.split(|b| *b == 0).filter(|n| !n.is_empty()) {
                let path = join(&path, &String::from_utf8_lossy(name));
                if let Ok(value) = self.read(&join(top, &path)) {
                    nodes.insert(path.clone(), value);
                    open.push(path);
                }
            }
        }
        nodes
    }

    pub fn into_stream(self) -> UnixStream {
        self.stream
    }
}

/// The parts, each followed by a NUL.
pub fn strings(parts: &[&str]) -> Vec<u8> {
    parts.iter().flat_map(|part| part.bytes().chain([0])).collect()
}

fn join(top: &str, below: &str) -> String {
    if top.is_empty() || below.is_empty() {
        format!("{top}{below}")
    } else {
        format!("{top}/{below}")
    }
}
