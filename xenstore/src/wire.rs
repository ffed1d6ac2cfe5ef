//! The xenstore wire protocol, Xen's `docs/misc/xenstore.txt` and `xen/io/xs_wire.h`: a header of
//! four native-endian words (type, request id, transaction id, length), then the payload.
//!
//! Encodes requests and decodes messages. No I/O; no input can make it panic.

use std::io;

use crate::Error;

/// Length of a message's header, in bytes.
pub const HEADER: usize = 16;
/// The longest payload that either side may send, in bytes (`XENSTORE_PAYLOAD_MAX`).
pub const MAX_PAYLOAD: usize = 4096;
/// Length of the longest request that the kernels' devices accept, header and payload, in bytes. For a longer
/// one write(2) fails (Linux `drivers/xen/xenbus/xenbus_dev_frontend.c`, FreeBSD
/// `sys/dev/xen/xenstore/xenstore_dev.c`).
const MAX_REQUEST: usize = 4096;

/// The requests used here (`enum xsd_sockmsg_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Request {
    /// List the children of a node.
    Directory = 1,
    /// Read a node.
    Read = 2,
    /// The owner of a node, and who else may read or write it.
    GetPerms = 3,
    /// Get an event for each change at and below a path; the rest of the payload is a token and a NUL.
    Watch = 4,
    /// Write a node; missing parents are created.
    Write = 11,
    /// Remove a node and its subtree.
    Rm = 13,
}

const ERROR: u32 = 16;
const WATCH_EVENT: u32 = 15;

/// Replaces `out` by a request with this payload: `path`, a NUL, then `last` as it is.
///
/// # Errors
/// [`Error::Quota`], `E2BIG`, when the request is longer than [`MAX_REQUEST`].
pub fn encode(
    out: &mut Vec<u8>,
    request: Request,
    id: u32,
    path: &str,
    last: &[u8],
) -> Result<(), Error> {
    let length = path.len() + 1 + last.len();
    if HEADER + length > MAX_REQUEST {
        return Err(Error::of_name("E2BIG"));
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

/// A complete message from xenstored, without its request id: see [`Reply::answer`].
#[derive(Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    kind: u32,
    payload: &'a [u8],
    /// Length of header and payload, in bytes.
    pub length: usize,
}

/// The first message in `bytes`; `None` while it is incomplete.
///
/// # Errors
/// `InvalidData` when its header claims a payload longer than [`MAX_PAYLOAD`].
pub fn decode_first(bytes: &[u8]) -> io::Result<Option<Reply<'_>>> {
    let word = |at: usize| -> Option<u32> {
        bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
    };
    let (Some(kind), Some(payload)) = (word(0), word(12)) else {
        return Ok(None);
    };
    let payload = payload as usize;
    if payload > MAX_PAYLOAD {
        return Err(protocol_error("a reply longer than the protocol allows"));
    }
    let length = HEADER + payload;
    Ok(bytes.get(HEADER..length).map(|payload| Reply { kind, payload, length }))
}

impl<'a> Reply<'a> {
    /// The token of the watch, if this is a watch event, which is not a reply to a request.
    #[must_use]
    pub fn token(&self) -> Option<String> {
        let token = self.payload.split(|&byte| byte == 0).nth(1).unwrap_or_default();
        (self.kind == WATCH_EVENT).then(|| String::from_utf8_lossy(token).into_owned())
    }

    /// The payload of the answer to `request`.
    ///
    /// The request id is not checked. Linux before 4.11 answers `XS_WATCH` itself, with id 0; 4.11 to
    /// 4.15 put an id of the kernel's own into every reply (until commit 29fee6eed281, "xenbus: track
    /// caller request id"). A connection has one request outstanding at a time, so the next reply is
    /// the answer.
    ///
    /// # Errors
    /// The error that is the answer; [`Error::Lost`] if it answers another type of request.
    pub fn answer(&self, request: Request) -> Result<&'a [u8], Error> {
        match self.kind {
            kind if kind == request as u32 => Ok(self.payload),
            ERROR => {
                let name = self.payload.split(|&byte| byte == 0).next().unwrap_or_default();
                Err(Error::of_name(&String::from_utf8_lossy(name)))
            }
            _ => Err(protocol_error("a reply of another type than the request").into()),
        }
    }
}

fn protocol_error(what: &'static str) -> io::Error {
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
    fn write_request_ends_path_with_nul_and_value_without() {
        let mut out = vec![9];
        encode(&mut out, Request::Write, 7, "data/a", b"1").unwrap();
        assert_eq!(out, message(11, 7, 8, b"data/a\x001"));
        assert!(encode(&mut out, Request::Write, 7, "a", &[b'x'; MAX_PAYLOAD]).is_err());
    }

    #[test]
    fn message_cut_at_any_byte_is_incomplete() {
        let complete = message(2, 1, 2, b"ok");
        for end in 0..complete.len() {
            assert_eq!(decode_first(&complete[..end]).unwrap(), None);
        }
        assert_eq!(decode_first(&complete).unwrap().unwrap().answer(Request::Read).unwrap(), b"ok");
    }

    #[test]
    fn reply_of_wrong_type_or_length_is_invalid_data_and_error_has_its_name() {
        assert!(decode_first(&message(2, 1, u32::MAX, b"")).is_err());
        let read = |bytes: &[u8]| {
            decode_first(bytes).unwrap().unwrap().answer(Request::Read).map(<[u8]>::to_vec)
        };
        assert!(matches!(read(&message(11, 1, 0, b"")), Err(Error::Lost(_))));
        assert_eq!(read(&message(16, 1, 7, b"EQUOTA\0")).unwrap_err().to_string(), "EQUOTA");
        let unnamed = read(&message(16, 1, 2, b"\x1b\0")).unwrap_err().to_string();
        assert_eq!(unnamed, "an unnamed error");
    }
}
