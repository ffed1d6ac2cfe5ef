//! Linux: one rtnetlink socket, subscribed first, then dumped, then followed.
//!
//! A whole picture is sent once all that waited in the socket is read, and only if it differs from
//! the last one. When the kernel had to drop events (ENOBUFS), or says that a dump was overtaken by
//! a change, everything is dumped again; until a dump succeeds the last picture stands.

use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::Duration;

use facts::{Event, Network, Outbox};
use log::{debug, trace, warn};
use neli::consts::socket::{Msg, NlFamily};
use neli::socket::NlSocket;
use neli::utils::Groups;

use super::rtnetlink::{Kind, Malformed, Message, messages};
use super::table::Table;
use super::{rtnetlink, vif};
use crate::health::Health;
use crate::wait::{Source, Wake, Woken};

const RTNLGRP_LINK: u32 = 1;
const RTNLGRP_IPV4_IFADDR: u32 = 5;
const RTNLGRP_IPV6_IFADDR: u32 = 9;
const RTM_GETLINK: u16 = 18;
const RTM_GETADDR: u16 = 22;
const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_DUMP: u16 = 0x300;

/// The kernel's dumps come in pieces of at most 32 KiB (`NLMSG_GOODSIZE` in `linux/netlink.h`).
const DATAGRAM: usize = 32 * 1024;
/// Room for events that wait, in bytes; the kernel grants at most `net.core.rmem_max`.
const RECEIVE_BUFFER: usize = 1024 * 1024;
/// Datagrams read before the picture is sent even though more are waiting.
const ROUND: usize = 64;
/// How long a flood that overran the socket is left alone before the next dump.
const CALM: Duration = Duration::from_millis(50);
/// How long a source that failed otherwise is left alone.
const PAUSE: Duration = Duration::from_secs(5);

/// Sends the network as the kernel has it, at once and after each change, until the end. `root` is
/// where sysfs is looked for.
pub fn run(wake: &Wake, outbox: &Outbox, root: &Path) {
    let mut reader = Reader {
        outbox,
        root,
        health: Health::new("network"),
        sent: None,
        told_malformed: false,
        buffer: vec![0; DATAGRAM],
    };
    loop {
        let pause = match reader.follow(wake) {
            Ok(Ended::Told) => return,
            Ok(Ended::Stale) => Duration::ZERO,
            Ok(Ended::Overrun) => {
                debug!("network: events were lost; everything is dumped again");
                CALM
            }
            Err(error) => {
                reader.health.failed(&error);
                PAUSE
            }
        };
        if wake.wait(&[], Some(pause)) == Woken::End {
            return;
        }
    }
}

/// Why following the events came to an end.
enum Ended {
    /// The agent ends.
    Told,
    /// A refresh was asked for.
    Stale,
    /// Events were lost.
    Overrun,
}

struct Reader<'a> {
    outbox: &'a Outbox,
    root: &'a Path,
    health: Health,
    sent: Option<Network>,
    told_malformed: bool,
    buffer: Vec<u8>,
}

impl Reader<'_> {
    /// Subscribes, dumps and follows on a new socket, until something ends it.
    fn follow(&mut self, wake: &Wake) -> io::Result<Ended> {
        let groups = [RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR];
        let socket = NlSocket::connect(NlFamily::Route, None, Groups::new_groups(&groups))?;
        if let Err(error) = socket.set_recv_buffer_size(RECEIVE_BUFFER) {
            debug!("network: the socket keeps its receive buffer: {error}");
        }
        let mut table = Table::default();
        for (sequence, request) in [(1, RTM_GETLINK), (2, RTM_GETADDR)] {
            if !self.dump(&socket, &mut table, sequence, request)? {
                return Ok(Ended::Overrun);
            }
        }
        self.health.well();
        loop {
            self.send(&table);
            match wake.wait(&[Source::Readable(socket.as_raw_fd())], None) {
                Woken::End => return Ok(Ended::Told),
                Woken::Refresh => return Ok(Ended::Stale),
                Woken::Source | Woken::Timeout => {}
            }
            if !self.read_waiting(&socket, &mut table)? {
                return Ok(Ended::Overrun);
            }
        }
    }

    /// Asks for everything of one kind and folds the answer; false when it is not to be trusted.
    fn dump(
        &mut self,
        socket: &NlSocket,
        table: &mut Table,
        sequence: u32,
        request: u16,
    ) -> io::Result<bool> {
        socket.send(dump_request(sequence, request), Msg::empty())?;
        let mut whole = true;
        let mut done = false;
        while !done {
            let Some(length) = receive(socket, &mut self.buffer, Msg::empty())? else {
                return Ok(false);
            };
            let mut refused = None;
            self.fold(length, table, |message| {
                whole &= !message.interrupted;
                match message.kind {
                    _ if message.sequence != sequence => {}
                    Kind::Done => done = true,
                    Kind::Refused(errno) => refused = Some(errno),
                    _ => {}
                }
            });
            if let Some(errno) = refused {
                return Err(io::Error::from_raw_os_error(errno));
            }
        }
        Ok(whole)
    }

    /// Folds the events that wait; false when some were lost.
    fn read_waiting(&mut self, socket: &NlSocket, table: &mut Table) -> io::Result<bool> {
        for _ in 0..ROUND {
            match receive(socket, &mut self.buffer, Msg::DONTWAIT) {
                Ok(Some(length)) => self.fold(length, table, |_| {}),
                Ok(None) => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn fold(&mut self, length: usize, table: &mut Table, mut see: impl FnMut(&Message)) {
        for message in messages(self.buffer.get(..length).unwrap_or_default()) {
            match message {
                Ok(message) => {
                    trace!("network: {message:?}");
                    see(&message);
                    table.fold(message.kind, |link| find_vif(self.root, link));
                }
                Err(malformed) => tell_once(&mut self.told_malformed, malformed),
            }
        }
    }

    fn send(&mut self, table: &Table) {
        let network = table.network();
        if self.sent.as_ref() != Some(&network) {
            self.outbox.send(Event::Network(network.clone()));
            self.sent = Some(network);
        }
    }
}

fn tell_once(told: &mut bool, malformed: Malformed) {
    if !std::mem::replace(told, true) {
        warn!("network: {malformed}; it is passed over, as will be more of them");
    }
}

fn find_vif(root: &Path, link: &rtnetlink::Link) -> Option<u32> {
    match &link.parent {
        Some(parent) => vif::of_parent(parent),
        None => vif::in_sysfs(root, &link.name),
    }
}

/// Receives one datagram; `None` when the kernel had to drop some.
fn receive(socket: &NlSocket, buffer: &mut [u8], flags: Msg) -> io::Result<Option<usize>> {
    loop {
        match socket.recv(&mut *buffer, flags | Msg::TRUNC) {
            Ok((length, _)) if length > buffer.len() => return Ok(None),
            Ok((length, _)) => return Ok(Some(length)),
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A request for everything of one kind: `nlmsghdr`, then an empty `ifinfomsg` (longer than an
/// `ifaddrmsg`, of which only the family is read).
fn dump_request(sequence: u32, request: u16) -> Vec<u8> {
    const LENGTH: u32 = 16 + 16;
    let mut bytes = Vec::with_capacity(LENGTH as usize);
    bytes.extend(LENGTH.to_ne_bytes());
    bytes.extend(request.to_ne_bytes());
    bytes.extend((NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.resize(LENGTH as usize, 0);
    bytes
}
