//! The xenstore wire protocol, Xen's `docs/misc/xenstore.txt` and `xen/io/xs_wire.h`: a header of
//! four native-endian words (type, request id, transaction id, length), then the payload.
//!
//! Turns requests into bytes and bytes into replies. No I/O; no input can make it panic.

use std::io;

use crate::{XsError, without_nul};

/// Length of a message's header, in bytes.
pub const HEADER: usize = 16;
/// The longest payload that either side may send, in bytes (`XENSTORE_PAYLOAD_MAX`).
pub const LONGEST: usize = 4096;

/// The requests used here (`enum xsd_sockmsg_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Request {
    /// List the children of a node.
    Directory = 1,
    /// Read a node.
    Read = 2,
    /// Be told of changes at and below a path; the rest of the payload is a token and a NUL.
    Watch = 4,
    /// Write a node, making what is missing above it.
    Write = 11,
    /// Remove a node with all below it.
    Rm = 13,
}

const ERROR: u32 = 16;
const WATCH_EVENT: u32 = 15;

/// Puts a request in place of what `out` holds: the parts of the payload, each but `last` ended by
/// a NUL.
///
/// # Errors
/// [`XsError`] `E2BIG` when the payload is longer than the protocol allows.
pub fn encode(
    out: &mut Vec<u8>,
    request: Request,
    id: u32,
    path: &str,
    last: &[u8],
) -> io::Result<()> {
    let length = path.len() + 1 + last.len();
    if length > LONGEST {
        return Err(refusal("E2BIG"));
    }
    out.clear();
    for word in [request as u32, id, 0, length as u32] {
        out.extend(word.to_ne_bytes());
    }
    out.extend(path.as_bytes());
    out.push(0);
    out.extend(last);
    Ok(())
}

/// A message that has come whole.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    kind: u32,
    id: u32,
    payload: &'a [u8],
    /// Bytes that it takes up, header and all.
    pub length: usize,
}

/// The first message in `bytes`; `None` while it is not there whole.
///
/// # Errors
/// `InvalidData` when its length is beyond what the protocol allows.
pub fn first(bytes: &[u8]) -> io::Result<Option<Reply<'_>>> {
    let word = |at: usize| -> Option<u32> {
        bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
    };
    let (Some(kind), Some(id), Some(payload)) = (word(0), word(4), word(12)) else {
        return Ok(None);
    };
    let length = HEADER + payload as usize;
    if payload as usize > LONGEST {
        return Err(senseless("a reply longer than the protocol allows"));
    }
    Ok(bytes.get(HEADER..length).map(|payload| Reply { kind, id, payload, length }))
}

impl<'a> Reply<'a> {
    /// Whether it is a watch event, which answers no request.
    #[must_use]
    pub fn is_event(&self) -> bool {
        self.kind == WATCH_EVENT
    }

    /// The payload of the answer to `request` number `id`.
    ///
    /// # Errors
    /// An [`XsError`] if that is the answer; `InvalidData` if it answers something else.
    pub fn answer(&self, request: Request, id: u32) -> io::Result<&'a [u8]> {
        if self.id != id {
            return Err(senseless("a reply to another request"));
        }
        match self.kind {
            kind if kind == request as u32 => Ok(self.payload),
            ERROR => Err(refusal(&String::from_utf8_lossy(without_nul(self.payload)))),
            _ => Err(senseless("a reply of another type than the request")),
        }
    }
}

fn refusal(name: &str) -> io::Error {
    let mut name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    if name.is_empty() {
        name.push_str("an unnamed error");
    }
    io::Error::other(XsError(name))
}

fn senseless(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u32, id: u32, length: u32, payload: &[u8]) -> Vec<u8> {
        let words = [kind, id, 0, length];
        words.iter().flat_map(|word| word.to_ne_bytes()).chain(payload.iter().copied()).collect()
    }

    #[test]
    fn a_write_ends_its_path_but_not_its_value() {
        let mut out = vec![9];
        encode(&mut out, Request::Write, 7, "data/a", b"1").unwrap();
        assert_eq!(out, message(11, 7, 8, b"data/a\x001"));
        assert!(encode(&mut out, Request::Write, 7, "a", &[b'x'; LONGEST]).is_err());
    }

    #[test]
    fn a_reply_cut_anywhere_is_not_there_yet() {
        let whole = message(2, 1, 2, b"ok");
        for end in 0..whole.len() {
            assert_eq!(first(&whole[..end]).unwrap(), None);
        }
        assert_eq!(first(&whole).unwrap().unwrap().answer(Request::Read, 1).unwrap(), b"ok");
    }

    #[test]
    fn a_reply_that_makes_no_sense_is_an_error() {
        assert!(first(&message(2, 1, u32::MAX, b"")).is_err());
        let read = |bytes: &[u8]| {
            first(bytes).unwrap().unwrap().answer(Request::Read, 1).map(<[u8]>::to_vec)
        };
        assert_eq!(read(&message(2, 2, 0, b"")).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(read(&message(11, 1, 0, b"")).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(read(&message(16, 1, 7, b"EQUOTA\0")).unwrap_err().to_string(), "EQUOTA");
        let unnamed = read(&message(16, 1, 2, b"\x1b\0")).unwrap_err().to_string();
        assert_eq!(unnamed, "an unnamed error");
    }
}
