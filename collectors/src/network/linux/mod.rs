//! Linux: one rtnetlink socket, subscribed first, then dumped, then followed; a second that rings
//! when a default route changes.
//!
//! A whole picture is sent once all that waited in the socket is read, and only if it differs from
//! the last one. When the kernel had to drop events (ENOBUFS), or says that a dump was overtaken by
//! a change, everything is dumped again; until a dump succeeds the last picture stands.

mod default_route;
mod requests;
mod socket;

use std::io;
use std::net::IpAddr;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::Duration;

use facts::{Event, Network, Outbox};
use log::{debug, trace, warn};
use neli::consts::socket::Msg;
use neli::socket::NlSocket;

use self::default_route::DefaultRouteMonitor;
use self::requests::ROUTE_PROBES;
use super::link_table::Table;
use super::rtnetlink::{Kind, Malformed, Message, messages};
use super::{Exclude, rtnetlink, vif};
use crate::failure_log::FailureLog;
use crate::poll::{PollSource, WakeReason, WakeReceiver};

/// The kernel's dumps come in pieces of at most 32 KiB (`NLMSG_GOODSIZE` in `linux/netlink.h`).
const DATAGRAM: usize = 32 * 1024;
/// Datagrams read before the picture is sent even though more are waiting.
const ROUND: usize = 64;
/// How long a flood that overran the socket is left alone before the next dump.
const CALM: Duration = Duration::from_millis(50);
/// How long a source that failed otherwise is left alone.
const PAUSE: Duration = Duration::from_secs(5);

/// Sends the network as the kernel has it, at once and after each change, until the end. `root` is
/// where sysfs is looked for; `exclude` says which NICs are left out.
pub fn run(wake: &WakeReceiver, outbox: &Outbox, root: &Path, exclude: &Exclude) {
    let mut reader = Reader {
        outbox,
        root,
        exclude,
        failures: FailureLog::new("network"),
        sequence: 0,
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
                reader.failures.failed(&error);
                PAUSE
            }
        };
        if wake.wait(&[], Some(pause)) == WakeReason::Shutdown {
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

/// How a request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// By a dump, to its end.
    Whole,
    /// By a route and the source address that it uses.
    Route(Option<IpAddr>),
    /// By an errno.
    Refused(i32),
    /// Not to be trusted: messages were lost, or a change overtook the dump.
    Lost,
}

struct Reader<'a> {
    outbox: &'a Outbox,
    root: &'a Path,
    exclude: &'a Exclude,
    failures: FailureLog,
    sequence: u32,
    sent: Option<Network>,
    told_malformed: bool,
    buffer: Vec<u8>,
}

impl Reader<'_> {
    /// Subscribes, dumps and follows on a new socket, until something ends it.
    fn follow(&mut self, wake: &WakeReceiver) -> io::Result<Ended> {
        let socket = socket::open()?;
        let bell = DefaultRouteMonitor::new().inspect_err(|error| {
            debug!("network: default routes are not followed: {error}");
        });
        let mut table = Table::default();
        for request in [requests::links, requests::addresses] {
            match self.ask(&socket, &mut table, request)? {
                Answer::Lost => return Ok(Ended::Overrun),
                Answer::Refused(errno) => return Err(io::Error::from_raw_os_error(errno)),
                Answer::Whole | Answer::Route(_) => {}
            }
        }
        self.failures.ok();
        let sources: Vec<PollSource> =
            [Some(socket.as_raw_fd()), bell.as_ref().ok().map(DefaultRouteMonitor::as_raw_fd)]
                .into_iter()
                .flatten()
                .map(PollSource::PollIn)
                .collect();
        loop {
            if !self.ask_routes(&socket, &mut table)? {
                return Ok(Ended::Overrun);
            }
            self.send(&table);
            match wake.wait(&sources, None) {
                WakeReason::Shutdown => return Ok(Ended::Told),
                WakeReason::Refresh => return Ok(Ended::Stale),
                WakeReason::Ready | WakeReason::Timeout => {}
            }
            bell.iter().for_each(DefaultRouteMonitor::silence);
            if !self.read_waiting(&socket, &mut table)? {
                return Ok(Ended::Overrun);
            }
        }
    }

    /// Finds out which addresses the default routes use; false when events were lost meanwhile.
    fn ask_routes(&mut self, socket: &NlSocket, table: &mut Table) -> io::Result<bool> {
        let mut sources = Vec::new();
        for destination in ROUTE_PROBES {
            match self.ask(socket, table, |sequence| requests::route(sequence, destination))? {
                Answer::Lost => return Ok(false),
                Answer::Route(source) => sources.extend(source),
                // There is no such route.
                Answer::Whole | Answer::Refused(_) => {}
            }
        }
        table.set_route_sources(sources);
        Ok(true)
    }

    /// Makes a request and folds what comes until it is answered, events among it.
    fn ask(
        &mut self,
        socket: &NlSocket,
        table: &mut Table,
        request: impl Fn(u32) -> Vec<u8>,
    ) -> io::Result<Answer> {
        self.sequence = self.sequence.wrapping_add(1);
        let sequence = self.sequence;
        socket.send(request(sequence), Msg::empty())?;
        let (mut answer, mut interrupted) = (None, false);
        while answer.is_none() {
            let Some(length) = socket::receive(socket, &mut self.buffer, Msg::empty())? else {
                return Ok(Answer::Lost);
            };
            self.fold(length, table, |message| {
                interrupted |= message.interrupted;
                match message.kind {
                    _ if message.sequence != sequence => {}
                    Kind::Done => answer = Some(Answer::Whole),
                    Kind::Refused(errno) => answer = Some(Answer::Refused(errno)),
                    Kind::Route(source) => answer = Some(Answer::Route(source)),
                    _ => {}
                }
            });
        }
        Ok(if interrupted { Answer::Lost } else { answer.unwrap_or(Answer::Lost) })
    }

    /// Folds the events that wait; false when some were lost.
    fn read_waiting(&mut self, socket: &NlSocket, table: &mut Table) -> io::Result<bool> {
        for _ in 0..ROUND {
            match socket::receive(socket, &mut self.buffer, Msg::DONTWAIT) {
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
        let network = table.network(self.exclude);
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
