//! Tests of the connection over devices that behave as those of FreeBSD and NetBSD
//! (`sys/dev/xen/xenstore/xenstore_dev.c` and `sys/arch/xen/xenbus/xenbus_dev.c`).

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::thread::{self, ThreadId};

use crate::wire::HEADER;
use crate::*;

const READ: u32 = 2;
const WATCH: u32 = 4;
const WATCH_EVENT: u32 = 15;
/// `EINVAL`, which is 22 on the BSDs and on Linux.
const EINVAL: i32 = 22;
/// The buffer of a request on both systems, in bytes: header and payload.
const BUFFER: usize = 4096;

fn message(kind: u32, payload: &[u8]) -> Vec<u8> {
    let words = [kind, 0, 0, payload.len() as u32];
    words.iter().flat_map(|word| word.to_ne_bytes()).chain(payload.iter().copied()).collect()
}

fn kind_of(request: &[u8]) -> u32 {
    u32::from_ne_bytes(request[..4].try_into().unwrap())
}

/// FreeBSD's device: the reply to a watch has eight bytes and comes after the first event; reads return
/// pieces of messages.
struct FreeBsd {
    queue: VecDeque<u8>,
    piece: usize,
}

impl FreeBsd {
    fn open(piece: usize) -> Connection {
        Connection::from_stream(Box::new(Self { queue: VecDeque::new(), piece }))
    }
}

impl Write for FreeBsd {
    fn write(&mut self, request: &[u8]) -> io::Result<usize> {
        if request.len() > BUFFER {
            return Err(io::Error::from_raw_os_error(EINVAL));
        }
        if kind_of(request) == WATCH {
            self.queue.extend(message(WATCH_EVENT, b"domid\0resume\0"));
            self.queue.extend(message(WATCH, b"OK\0\xc0\xff\xee\xff\xff"));
        } else {
            self.queue.extend(message(kind_of(request), b"7"));
        }
        Ok(request.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for FreeBsd {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let length = to.len().min(self.piece).min(self.queue.len());
        assert_ne!(length, 0, "the thread would sleep for ever");
        self.queue.read(&mut to[..length])
    }
}

impl AsRawFd for FreeBsd {
    fn as_raw_fd(&self) -> RawFd {
        -1
    }
}

/// NetBSD's device: no watches; after an error no request works; the state belongs to the thread.
struct NetBsd {
    queue: VecDeque<u8>,
    thread: ThreadId,
    failed: bool,
}

impl NetBsd {
    fn open() -> Connection {
        let thread = thread::current().id();
        Connection::from_stream(Box::new(Self { queue: VecDeque::new(), thread, failed: false }))
    }
}

impl Write for NetBsd {
    fn write(&mut self, request: &[u8]) -> io::Result<usize> {
        self.failed |= kind_of(request) == WATCH || request.len() > BUFFER;
        if self.failed || thread::current().id() != self.thread {
            return Err(io::Error::from_raw_os_error(EINVAL));
        }
        self.queue.extend(message(kind_of(request), b"7"));
        Ok(request.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for NetBsd {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self.queue.read(to)? {
            0 => Err(ErrorKind::WouldBlock.into()),
            length => Ok(length),
        }
    }
}

impl AsRawFd for NetBsd {
    fn as_raw_fd(&self) -> RawFd {
        -1
    }
}

#[test]
fn freebsd_watch_reply_of_eight_bytes_in_any_pieces_is_an_answer_and_the_event_counts() {
    for piece in 1..=2 * HEADER {
        let mut device = FreeBsd::open(piece);
        device.request(Request::Watch, "domid", b"resume\0").unwrap();
        assert_eq!(device.pending_events().unwrap(), ["resume"], "{piece} bytes at once");
        assert_eq!(device.request(Request::Read, "domid", &[]).unwrap(), b"7");
    }
}

// No event would wake the waiting thread, so it makes a request after a minute.
#[test]
fn freebsd_event_that_poll_missed_is_read_along_with_a_reply() {
    let mut queue: VecDeque<u8> = message(WATCH_EVENT, b"domid\0resume\0").into();
    queue.extend(message(WATCH_EVENT, b"domid\0resume\0"));
    let mut device = Connection::from_stream(Box::new(FreeBsd { queue, piece: BUFFER }));
    assert_eq!(device.request(Request::Read, "domid", &[]).unwrap(), b"7");
    assert_eq!(device.pending_events().unwrap(), ["resume"; 2]);
}

// The device would reject the request, and each try would be taken for a lost connection.
#[test]
fn request_that_no_device_takes_is_refused_and_the_connection_goes_on() {
    let longest = vec![b'x'; BUFFER - HEADER - "a\0".len()];
    let longer = [&longest[..], b"x"].concat();
    for mut device in [FreeBsd::open(BUFFER), NetBsd::open()] {
        device.request(Request::Write, "a", &longest).unwrap();
        let error = device.request(Request::Write, "a", &longer).unwrap_err();
        assert_eq!(error.to_string(), "E2BIG");
        assert!(matches!(error, Error::Quota(_)));
        assert_eq!(device.request(Request::Read, "a", &[]).unwrap(), b"7");
    }
}

#[test]
fn netbsd_watch_is_an_error_and_ends_the_connection() {
    let mut device = NetBsd::open();
    assert_eq!(device.request(Request::Read, "domid", &[]).unwrap(), b"7");
    let error = device.request(Request::Watch, "domid", b"resume\0").unwrap_err();
    assert_eq!(io::Error::from(error).raw_os_error(), Some(EINVAL));
    assert!(device.request(Request::Read, "domid", &[]).is_err());
}

#[test]
fn netbsd_read_of_nothing_is_an_error_and_no_wait() {
    assert_eq!(NetBsd::open().wait_events().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn kinds_are_those_of_the_requests() {
    assert_eq!((Request::Read as u32, Request::Watch as u32), (READ, WATCH));
}
