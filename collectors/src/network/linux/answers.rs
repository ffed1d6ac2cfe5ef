//! The rtnetlink socket for requests: sends one, and reads its answer.
//!
//! Events have a socket of their own, since the kernel drops answers too when events have filled the receive buffer.

use std::io;
use std::net::IpAddr;
use std::os::fd::AsRawFd;
use std::time::Duration;

use log::{trace, warn};
use neli::consts::socket::{Msg, NlFamily};
use neli::socket::NlSocket;
use neli::utils::Groups;

use crate::network::rtnetlink::{Payload, messages};
use crate::poll::{PollSource, is_ready};

/// Bytes of the longest datagram. Most are shorter than 32 KiB, but the alternative names of one link take
/// up to 64 KiB.
const DATAGRAM: usize = 128 * 1024;
/// How long to wait for an answer. The kernel has usually queued it before sendto(2) returns.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// The end of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A complete dump.
    DumpDone {
        /// A change came in between; something may be missing.
        interrupted: bool,
    },
    /// A route and its source address.
    Route(Option<IpAddr>),
    /// An errno.
    Error(i32),
}

/// The socket.
pub struct Answers {
    socket: NlSocket,
    sequence: u32,
    buffer: Vec<u8>,
    malformed_logged: bool,
}

impl Answers {
    /// Opens the socket.
    ///
    /// # Errors
    /// As socket(2) and bind(2) have them.
    pub fn open() -> io::Result<Self> {
        let socket = NlSocket::connect(NlFamily::Route, None, Groups::empty())?;
        Ok(Self { socket, sequence: 0, buffer: vec![0; DATAGRAM], malformed_logged: false })
    }

    /// Sends a request, which is made for a sequence number, and calls `see` for each message of the answer.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn ask(
        &mut self,
        request: impl Fn(u32) -> Vec<u8>,
        mut see: impl FnMut(Payload),
    ) -> io::Result<Answer> {
        self.sequence = self.sequence.wrapping_add(1);
        self.socket.send(request(self.sequence), Msg::empty())?;
        let (mut answer, mut interrupted) = (None, false);
        while answer.is_none() {
            let length = self.receive()?;
            for message in messages(self.buffer.get(..length).unwrap_or_default()) {
                let message = match message {
                    Ok(message) => message,
                    Err(malformed) => {
                        if !std::mem::replace(&mut self.malformed_logged, true) {
                            warn!("network: {malformed}; skipped, as all further ones");
                        }
                        continue;
                    }
                };
                trace!("network: {message:?}");
                if message.sequence != self.sequence {
                    continue;
                }
                interrupted |= message.interrupted;
                match message.payload {
                    Payload::Done => answer = Some(Answer::DumpDone { interrupted }),
                    Payload::Error(errno) => answer = Some(Answer::Error(errno)),
                    Payload::Route(source) => answer = Some(Answer::Route(source)),
                    payload => see(payload),
                }
            }
        }
        answer.ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Reads one datagram, and returns its length.
    fn receive(&mut self) -> io::Result<usize> {
        loop {
            match self.socket.recv(&mut self.buffer[..], Msg::DONTWAIT | Msg::TRUNC) {
                Ok((length, _)) if length > self.buffer.len() => {
                    return Err(io::Error::other(format!("netlink datagram of {length} bytes")));
                }
                Ok((length, _)) => return Ok(length),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let answers = PollSource::PollIn(self.socket.as_raw_fd());
                    if !is_ready(answers, ANSWER_TIMEOUT) {
                        return Err(io::Error::other("no answer from the kernel"));
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }
}
