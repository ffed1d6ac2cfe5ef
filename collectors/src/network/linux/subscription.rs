//! One subscription to the kernel's network: its two sockets, and the link table of its messages.

use std::io;
use std::net::IpAddr;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::Duration;

use log::{debug, trace, warn};
use neli::consts::socket::Msg;
use neli::socket::NlSocket;

use super::requests::{self, ROUTE_PROBES};
use super::socket::{self, Received};
use crate::network::link_table::Table;
use crate::network::rtnetlink::{Link, Malformed, Message, Payload, messages};
use crate::network::vif::{self, VifLookup};
use crate::poll::{PollSource, is_ready};

/// Bytes of the longest datagram. Most are shorter than 32 KiB, but the alternative names of one link take
/// up to 64 KiB.
const DATAGRAM: usize = 128 * 1024;
/// Datagrams that are read at most before the network is published, even if more are pending.
const MAX_DATAGRAMS: usize = 64;
/// The same after a dump. Events from before the dump may be pending: until all are read, the table may be
/// older than the dump.
const MAX_DATAGRAMS_AFTER_DUMP: usize = 8_192;
/// The number of interrupted dumps after which the result is published.
const DUMP_ATTEMPTS: u32 = 8;
/// How long to wait for an answer. The kernel has usually queued it before sendto(2) returns.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// The answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// A complete dump.
    DumpDone { interrupted: bool },
    /// A route and its source address.
    Route(Option<IpAddr>),
    /// An errno.
    Error(i32),
}

/// Two open sockets and the state from their messages.
pub struct Subscription<'a> {
    root: &'a Path,
    events: NlSocket,
    requests: NlSocket,
    sequence: u32,
    buffer: Vec<u8>,
    malformed_logged: bool,
    /// Datagrams to read at most next time.
    max_datagrams: usize,
    /// The links and addresses after the last message that was read.
    pub table: Table,
    /// The table has changed since it was published.
    pub is_changed: bool,
    /// A default route or a routing rule has changed since the last request for routes.
    pub routes_changed: bool,
    /// The error because of which the VIF of a link is not known. [`Subscription::find_vifs`] tries it again.
    pub lookup_error: Option<io::Error>,
}

impl<'a> Subscription<'a> {
    /// Subscribes. sysfs is read below `root`.
    ///
    /// # Errors
    /// When a socket cannot be opened.
    pub fn open(root: &'a Path) -> io::Result<Self> {
        Ok(Self {
            root,
            events: socket::events()?,
            requests: socket::requests()?,
            sequence: 0,
            buffer: vec![0; DATAGRAM],
            malformed_logged: false,
            max_datagrams: MAX_DATAGRAMS,
            table: Table::default(),
            is_changed: true,
            routes_changed: true,
            lookup_error: None,
        })
    }

    /// The descriptor that becomes readable with the next event.
    pub fn poll_source(&self) -> PollSource {
        PollSource::PollIn(self.events.as_raw_fd())
    }

    /// Dumps all links and addresses. While addresses change all the time, each dump is interrupted and may lack
    /// an address: then the table is the union of several dumps, and the result is `false`.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn dump(&mut self) -> io::Result<bool> {
        (self.is_changed, self.max_datagrams) = (true, MAX_DATAGRAMS_AFTER_DUMP);
        for _ in 0..DUMP_ATTEMPTS {
            self.table.begin_dump();
            let mut interrupted = false;
            for request in [requests::links, requests::addresses] {
                match self.request(request)? {
                    Answer::DumpDone { interrupted: this } => interrupted |= this,
                    Answer::Error(errno) => return Err(io::Error::from_raw_os_error(errno)),
                    Answer::Route(_) => {}
                }
            }
            if !interrupted {
                self.table.end_dump();
                return Ok(true);
            }
        }
        debug!(
            "network: {DUMP_ATTEMPTS} dumps were interrupted; publishing what they have together"
        );
        Ok(false)
    }

    /// Applies the pending events; `false` if the kernel dropped some.
    ///
    /// # Errors
    /// As recv(2) has them.
    pub fn read_events(&mut self) -> io::Result<bool> {
        for _ in 0..std::mem::replace(&mut self.max_datagrams, MAX_DATAGRAMS) {
            match socket::receive(&self.events, &mut self.buffer, Msg::DONTWAIT)? {
                Received::Datagram(length) => {
                    let mut is_route = false;
                    self.apply(length, |message| {
                        is_route |= matches!(message.payload, Payload::Route(_) | Payload::Rule);
                    });
                    self.routes_changed |= is_route;
                }
                Received::Empty => break,
                Received::EventsLost => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Requests the source addresses of the default routes; `true` if they have changed.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn query_routes(&mut self) -> io::Result<bool> {
        self.routes_changed = false;
        let mut sources = Vec::new();
        for destination in ROUTE_PROBES {
            let answer = self.request(|sequence| requests::route(sequence, destination))?;
            // An error means that there is no such route.
            if let Answer::Route(source) = answer {
                sources.extend(source);
            }
        }
        Ok(self.table.set_route_sources(sources))
    }

    /// Looks up the unknown VIFs again.
    pub fn find_vifs(&mut self) {
        self.lookup_error = None;
        self.is_changed = true;
        let (root, error) = (self.root, &mut self.lookup_error);
        self.table.find_vifs(|link| find_vif(root, link, error));
    }

    fn request(&mut self, bytes: impl Fn(u32) -> Vec<u8>) -> io::Result<Answer> {
        self.sequence = self.sequence.wrapping_add(1);
        let sequence = self.sequence;
        self.requests.send(bytes(sequence), Msg::empty())?;
        let (mut answer, mut interrupted) = (None, false);
        loop {
            let length = self.receive_answer()?;
            self.apply(length, |message| {
                interrupted |= message.interrupted;
                match message.payload {
                    _ if message.sequence != sequence => {}
                    Payload::Done => answer = Some(Answer::DumpDone { interrupted }),
                    Payload::Error(errno) => answer = Some(Answer::Error(errno)),
                    Payload::Route(source) => answer = Some(Answer::Route(source)),
                    _ => {}
                }
            });
            if let Some(answer) = answer {
                return Ok(answer);
            }
        }
    }

    /// Reads one datagram of an answer, and returns its length.
    fn receive_answer(&mut self) -> io::Result<usize> {
        loop {
            match socket::receive(&self.requests, &mut self.buffer, Msg::DONTWAIT)? {
                Received::Datagram(length) => return Ok(length),
                Received::EventsLost => return Err(io::Error::from_raw_os_error(libc::ENOBUFS)),
                Received::Empty => {
                    let answers = PollSource::PollIn(self.requests.as_raw_fd());
                    if !is_ready(answers, ANSWER_TIMEOUT) {
                        return Err(io::Error::other("no answer from the kernel"));
                    }
                }
            }
        }
    }

    fn apply(&mut self, length: usize, mut see: impl FnMut(&Message)) {
        for message in messages(self.buffer.get(..length).unwrap_or_default()) {
            let message = match message {
                Ok(message) => message,
                Err(malformed) => {
                    log_once(&mut self.malformed_logged, malformed);
                    continue;
                }
            };
            trace!("network: {message:?}");
            see(&message);
            let (root, error) = (self.root, &mut self.lookup_error);
            self.is_changed |=
                self.table.apply(message.payload, |link| find_vif(root, link, error));
        }
    }
}

fn log_once(logged: &mut bool, malformed: Malformed) {
    if !std::mem::replace(logged, true) {
        warn!("network: {malformed}; skipped, as all further ones");
    }
}

fn find_vif(root: &Path, link: &Link, failure: &mut Option<io::Error>) -> VifLookup {
    match &link.parent {
        Some(parent) => vif::of_parent(parent).into(),
        None => vif::lookup(root, &link.name, link.index).unwrap_or_else(|error| {
            let name = String::from_utf8_lossy(&link.name);
            *failure = Some(io::Error::new(error.kind(), format!("{name}: {error}")));
            VifLookup::Unknown
        }),
    }
}
