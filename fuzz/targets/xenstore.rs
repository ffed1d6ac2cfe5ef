//! A connection to a xenstored that sends arbitrary bytes: `xenstore::Connection` against a model of it.
//!
//! An input is: a count and so many operations; a count and the sizes of the pieces in which bytes are read
//! (0: the read is interrupted); the bytes that xenstored sends.

#![no_main]

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, Mutex, MutexGuard};

use libfuzzer_sys::fuzz_target;
use xenstore::{Connection, Error, Request};

const LONGEST: usize = 4096;
const EVENT: u32 = 15;
const ERROR: u32 = 16;
const REQUESTS: [Request; 5] =
    [Request::Directory, Request::Read, Request::Watch, Request::Write, Request::Rm];

fuzz_target!(|input: &[u8]| {
    let (operations, rest) = counted(input);
    let (pieces, bytes) = counted(rest);
    let wire = Wire::new(bytes, pieces);
    let mut connection = Connection::from_stream(Box::new(wire.clone()));
    let mut model = Model { wire, at: 0, id: 0, events: Vec::new() };
    for operation in operations {
        let is_usable = match REQUESTS.get(usize::from(operation % 7)) {
            Some(request) => model.request(&mut connection, *request),
            None => model.events(&mut connection, operation % 7 == 5),
        };
        if !is_usable {
            return;
        }
    }
});

fn counted(input: &[u8]) -> (&[u8], &[u8]) {
    let Some((count, rest)) = input.split_first() else { return (&[], &[]) };
    rest.split_at(rest.len().min(usize::from(count % 32)))
}

/// The bytes in both directions.
#[derive(Default)]
struct Bytes {
    sent: Vec<u8>,
    pieces: Vec<u8>,
    reads: usize,
    interrupted: bool,
    /// The number of sent bytes that have been read.
    read: usize,
    written: Vec<u8>,
}

#[derive(Clone, Default)]
struct Wire(Arc<Mutex<Bytes>>);

impl Wire {
    fn new(sent: &[u8], pieces: &[u8]) -> Self {
        let bytes = Bytes { sent: sent.into(), pieces: pieces.into(), ..Bytes::default() };
        Self(Arc::new(Mutex::new(bytes)))
    }

    fn see(&self) -> MutexGuard<'_, Bytes> {
        self.0.lock().unwrap()
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut bytes = self.see();
        assert!(!buffer.is_empty(), "a read of nothing looks like the end");
        bytes.reads += 1;
        let piece = bytes.pieces.get(bytes.reads % bytes.pieces.len().max(1)).copied();
        if piece == Some(0) && !std::mem::replace(&mut bytes.interrupted, true) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        bytes.interrupted = false;
        let most = piece.map_or(usize::MAX, |piece| usize::from(piece.max(1)));
        let from = bytes.sent.get(bytes.read..).unwrap_or_default();
        let length = from.len().min(most).min(buffer.len());
        buffer[..length].copy_from_slice(&from[..length]);
        bytes.read += length;
        Ok(length)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.see().written.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsRawFd for Wire {
    fn as_raw_fd(&self) -> RawFd {
        -1
    }
}

/// The expected results.
struct Model {
    wire: Wire,
    /// The position of the next message.
    at: usize,
    id: u32,
    events: Vec<String>,
}

enum Next {
    Message {
        kind: u32,
        payload: Vec<u8>,
    },
    TooLong,
    /// The bytes so far do not contain a complete message.
    Missing,
}

fn token(event: &[u8]) -> String {
    String::from_utf8_lossy(event.split(|&byte| byte == 0).nth(1).unwrap_or_default()).into()
}

impl Model {
    /// Returns the next message among the bytes up to `end`.
    fn next(&mut self, end: usize) -> Next {
        let bytes = self.wire.see();
        let rest = &bytes.sent[self.at..end];
        let Some((header, rest)) = rest.split_at_checked(16) else { return Next::Missing };
        let word = |n: usize| u32::from_ne_bytes(header[n * 4..][..4].try_into().unwrap());
        let length = word(3) as usize;
        if length > LONGEST {
            return Next::TooLong;
        }
        let Some(payload) = rest.get(..length) else { return Next::Missing };
        self.at += 16 + length;
        Next::Message { kind: word(0), payload: payload.into() }
    }

    /// Makes a request; returns whether the connection can still be used.
    fn request(&mut self, connection: &mut Connection, request: Request) -> bool {
        self.id += 1;
        let answer = connection.request(request, "data/a", b"1\0");
        let written = std::mem::take(&mut self.wire.see().written);
        let header = [request as u32, self.id, 0, 9].map(u32::to_ne_bytes).concat();
        assert_eq!(written, [&header, &b"data/a\x001\0"[..]].concat());
        let end = self.wire.see().sent.len();
        let message = loop {
            match self.next(end) {
                Next::Message { kind: EVENT, payload } => self.events.push(token(&payload)),
                other => break other,
            }
        };
        match (message, answer) {
            (Next::Message { kind, payload }, Ok(answer)) => {
                assert_eq!((kind, payload), (request as u32, answer));
                true
            }
            (Next::Message { kind: ERROR, .. }, Err(error)) => {
                assert!(!matches!(error, Error::Lost(_)), "{error:?}");
                let name = error.to_string();
                let is_plain = !name.is_empty() && !name.contains(char::is_control);
                assert!(is_plain && name.chars().count() <= 64, "{name:?}");
                true
            }
            (Next::Message { kind, .. }, Err(error)) => {
                assert!(kind != request as u32, "{error}");
                assert_eq!(io::Error::from(error).kind(), io::ErrorKind::InvalidData);
                false
            }
            (Next::TooLong, answer) => {
                assert_eq!(io::Error::from(answer.unwrap_err()).kind(), io::ErrorKind::InvalidData);
                false
            }
            (Next::Missing, answer) => {
                assert_eq!(
                    io::Error::from(answer.unwrap_err()).kind(),
                    io::ErrorKind::UnexpectedEof
                );
                false
            }
        }
    }

    /// Takes the events; with `wait`, reads once before. Returns whether the connection can still be used.
    fn events(&mut self, connection: &mut Connection, wait: bool) -> bool {
        let before = self.wire.see().read;
        let taken = if wait { connection.wait_events() } else { connection.pending_events() };
        let (read, is_at_end) = {
            let bytes = self.wire.see();
            (bytes.read, before == bytes.sent.len())
        };
        assert!(wait || read == before, "nothing is read unless it waits");
        if wait && is_at_end && !self.wire.see().interrupted {
            assert_eq!(taken.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
            return false;
        }
        loop {
            match self.next(read) {
                Next::Message { kind: EVENT, payload } => self.events.push(token(&payload)),
                Next::Message { .. } => {}
                Next::Missing => break,
                Next::TooLong => {
                    assert_eq!(taken.unwrap_err().kind(), io::ErrorKind::InvalidData);
                    return false;
                }
            }
        }
        assert_eq!(taken.unwrap(), std::mem::take(&mut self.events));
        true
    }
}
