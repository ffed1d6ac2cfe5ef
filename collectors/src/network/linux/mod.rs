//! Linux: subscribes to rtnetlink's events, dumps all links and addresses, then applies the events.
//!
//! The network is sent after all pending events are read, and only if it differs from the one that was sent
//! last. A dump that was interrupted by a change is repeated. If the kernel dropped events (ENOBUFS), everything
//! is dumped again.

mod requests;
mod socket;
mod subscription;

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use facts::{Event, Network, Outbox};
use log::debug;

use self::subscription::Subscription;
use super::Exclude;
use super::address_preference::decides_order;
use super::link_table::Table;
use crate::failure_log::FailureLog;
use crate::poll::{WakeReason, WakeReceiver};

/// The least time between two networks that are sent, which is that between two batches of the publisher.
const SEND_INTERVAL: Duration = Duration::from_millis(50);
/// With more links than this, the interval also applies after a change that is not sent: each change causes a
/// pass over all links, and many links may change at once.
const FEW_LINKS: usize = 64;
/// Delay before the next dump after ENOBUFS.
const OVERRUN_DELAY: Duration = Duration::from_millis(50);
/// Delay before the next try after another failure, and before the next dump after interrupted ones.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// Sends the network of the guest, at once and after each change, until shutdown. sysfs is read below `root`;
/// `exclude` has the NICs to skip.
pub fn run(wake: &WakeReceiver, outbox: &Outbox, root: &Path, exclude: &Exclude) {
    let failures = FailureLog::new("network");
    let mut sender = Sender { outbox, exclude, failures, sent: None, sent_at: None };
    loop {
        let pause = match sender.follow(wake, root) {
            Ok(End::Shutdown) => return,
            Ok(End::Refresh) => Duration::ZERO,
            Ok(End::EventsLost) => {
                debug!("network: the kernel dropped events (ENOBUFS); dumping again");
                OVERRUN_DELAY
            }
            Err(error) => {
                sender.failures.failed(&error);
                RETRY_INTERVAL
            }
        };
        if wake.wait(&[], Some(pause)) == WakeReason::Shutdown {
            return;
        }
    }
}

/// The links and addresses as they are now.
///
/// # Errors
/// When the kernel does not answer, or sysfs cannot be read.
pub fn read_table(root: &Path) -> io::Result<Table> {
    let mut kernel = Subscription::open(root)?;
    kernel.dump()?;
    kernel.lookup_error.take().map_or(Ok(kernel.table), Err)
}

/// Why a subscription ended.
enum End {
    /// The agent ends.
    Shutdown,
    /// Everything is to be collected again.
    Refresh,
    /// The kernel dropped events.
    EventsLost,
}

struct Sender<'a> {
    outbox: &'a Outbox,
    exclude: &'a Exclude,
    failures: FailureLog,
    sent: Option<Network>,
    /// When the last network was sent, for as long as the next one must wait.
    sent_at: Option<Instant>,
}

impl Sender<'_> {
    /// Subscribes, dumps, and sends each change.
    fn follow(&mut self, wake: &WakeReceiver, root: &Path) -> io::Result<End> {
        let mut kernel = Subscription::open(root)?;
        let mut is_consistent = kernel.dump()?;
        let has_all = kernel.read_events()?;
        if !has_all {
            // The events that were read are older than the dump: they have put the table back to a past state.
            (kernel.table, kernel.lookup_error) = (Table::default(), None);
            is_consistent = kernel.dump()?;
        }
        self.record_lookup(&kernel);
        self.send(&mut kernel)?;
        if !has_all {
            return Ok(End::EventsLost);
        }
        let mut retry_at = retry_time(&kernel, is_consistent);
        loop {
            match wake.wait(&[kernel.poll_source()], self.next_wake(&kernel, retry_at)) {
                WakeReason::Shutdown => {
                    self.send_change(&mut kernel)?;
                    return Ok(End::Shutdown);
                }
                WakeReason::Refresh => return Ok(End::Refresh),
                WakeReason::Timeout if is_pending(&kernel) => self.sent_at = None,
                WakeReason::Timeout => retry_at = Some(Instant::now()),
                WakeReason::Ready => {}
            }
            if retry_at.is_some_and(|at| at <= Instant::now()) {
                is_consistent = is_consistent || kernel.dump()?;
                kernel.find_vifs();
                retry_at = None;
            }
            if !kernel.read_events()? {
                return Ok(End::EventsLost);
            }
            if retry_at.is_none() {
                retry_at = retry_time(&kernel, is_consistent);
                self.record_lookup(&kernel);
            }
            if self.sent_at.is_none_or(|at| at.elapsed() >= SEND_INTERVAL) {
                self.send_change(&mut kernel)?;
            }
        }
    }

    /// Logs if the VIF of a link cannot be read, and if it can again.
    fn record_lookup(&mut self, kernel: &Subscription) {
        self.failures.record(kernel.lookup_error.as_ref().map_or(Ok(()), Err));
    }

    /// How long to wait for events.
    fn next_wake(&self, kernel: &Subscription, retry_at: Option<Instant>) -> Option<Duration> {
        let send_at = self.sent_at.filter(|_| is_pending(kernel)).map(|at| at + SEND_INTERVAL);
        let next = send_at.into_iter().chain(retry_at).min();
        next.map(|at| at.saturating_duration_since(Instant::now()))
    }

    fn send_change(&mut self, kernel: &mut Subscription) -> io::Result<()> {
        if is_pending(kernel) { self.send(kernel) } else { Ok(()) }
    }

    /// Sends the network if it has changed. Routes are requested before if the default route has certainly
    /// changed, and afterwards if it may have: the answer is rarely a new one.
    fn send(&mut self, kernel: &mut Subscription) -> io::Result<()> {
        let must_query = kernel.routes_changed || kernel.table.lacks_route_source();
        if must_query {
            kernel.query_routes()?;
        }
        kernel.is_changed = false;
        let is_open = self.send_if_new(self.network(kernel));
        if kernel.table.links() > FEW_LINKS {
            self.sent_at = Some(Instant::now());
        }
        if is_open && !must_query && kernel.query_routes()? {
            self.send_if_new(self.network(kernel));
        }
        Ok(())
    }

    fn network(&self, kernel: &Subscription) -> Network {
        let lacks_vif = kernel.lookup_error.is_some();
        Network { lacks_vif, ..kernel.table.network(self.exclude) }
    }

    /// Whether the order of the addresses depends on a default route.
    fn send_if_new(&mut self, network: Network) -> bool {
        let is_open = decides_order(&network);
        if self.sent.as_ref() != Some(&network) {
            self.outbox.send(Event::Network(network.clone()));
            self.sent = Some(network);
            self.sent_at = Some(Instant::now());
        }
        is_open
    }
}

/// Whether there is something that was not sent yet.
fn is_pending(kernel: &Subscription) -> bool {
    kernel.is_changed || kernel.routes_changed
}

fn retry_time(kernel: &Subscription, is_consistent: bool) -> Option<Instant> {
    let is_complete = is_consistent && kernel.lookup_error.is_none();
    (!is_complete).then(|| Instant::now() + RETRY_INTERVAL)
}
