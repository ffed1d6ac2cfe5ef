//! What the host does to the guest's tree: a resume, after which the tree was made again, and SR-IOV functions that
//! are plugged in.
//!
//! On a resume the kernel registers each watch again, and xenstored fires a watch once when it is registered
//! (`drivers/xen/xenbus/xenbus_xs.c`, `xs_resume`). So a watch on a path that never changes fires on a resume and at
//! no other time. The watches have a connection of their own, since the publisher's waits only for answers; if it is
//! lost, xenstored has restarted. Where there are no watches, the keys are read every minute.

mod sriov;
mod store_keys;

use std::os::fd::AsRawFd;
use std::time::Duration;

use facts::{Event, Outbox, SriovVf};
use log::info;
use xenstore::{Backoff, Connection, Error, HAS_WATCHES, MAX_WAIT};

use self::store_keys::{DOMID, StoreKeys};
use crate::failure_log::FailureLog;
use crate::poll::{PollSource, WakeReason, WakeReceiver};

/// Whether functions can be listed on this system.
pub const HAS_FUNCTIONS: bool = HAS_WATCHES;

/// How often the keys are read where there are no watches.
const INTERVAL: Duration = Duration::from_secs(60);
/// How long to wait for more events after one: a toolstack that makes the tree again may write a path several times.
const DEBOUNCE: Duration = Duration::from_millis(20);
/// The tokens of the watches.
const RESUME: &str = "resume";
const SRIOV: &str = "sriov";

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// [`Event::ReadBack`], at the start and on each resume.
    pub resume: bool,
    /// [`Event::SriovVfs`], at the start and after each change.
    pub functions: bool,
}

/// Sends what is wanted, until the end.
pub fn run(wake: &WakeReceiver, outbox: &Outbox, wanted: Wanted) {
    let (failures, list_failures) = (FailureLog::new("xenstore watch"), FailureLog::new("sriov"));
    let mut sender = Sender { outbox, wanted, failures, list_failures, sent: None };
    let mut backoff = Backoff::default();
    while let Err(error) = sender.follow(wake) {
        sender.failures.failed(&error);
        if wake.wait(&[], Some(backoff.next_delay())) == WakeReason::Shutdown {
            return;
        }
    }
}

struct Sender<'a> {
    outbox: &'a Outbox,
    wanted: Wanted,
    failures: FailureLog,
    list_failures: FailureLog,
    sent: Option<Vec<SriovVf>>,
}

impl Sender<'_> {
    /// Watches on a new connection until the end. A change of the store before the watch was registered is not
    /// reported, so the store is read back after each registration.
    fn follow(&mut self, wake: &WakeReceiver) -> Result<(), Error> {
        let mut connection = Connection::open()?;
        let mut watched = self.watch(&mut connection)?;
        let mut keys = StoreKeys::read(&mut connection)?;
        if self.wanted.resume {
            self.outbox.send(Event::ReadBack);
        }
        // xenstored fires a watch once when it is registered.
        let mut expected = 1;
        loop {
            let listed = self.send_functions(&mut connection)?;
            let timeout = if watched && listed { MAX_WAIT } else { Some(INTERVAL) };
            let Some(events) = wait(wake, &mut connection, watched, timeout)? else {
                return Ok(());
            };
            if !watched {
                watched = self.watch(&mut connection)?;
            }
            let before = std::mem::replace(&mut keys, StoreKeys::read(&mut connection)?);
            let fired = events.iter().filter(|token| *token == RESUME).count();
            if self.wanted.resume && (fired > expected || keys.is_another_store(&before)) {
                info!("resume detected: reading xenstore back, publishing everything again");
                self.outbox.send(Event::ReadBack);
            }
            expected = expected.saturating_sub(fired);
        }
    }

    /// Registers the watches. Returns whether all are there: the quota of watches may be used up.
    fn watch(&mut self, connection: &mut Connection) -> Result<bool, Error> {
        let Wanted { resume, functions } = self.wanted;
        for (is_wanted, path, token) in [(resume, DOMID, RESUME), (functions, sriov::PATH, SRIOV)] {
            if !is_wanted || !HAS_WATCHES {
                continue;
            }
            match connection.watch(path, token) {
                Ok(()) => {}
                Err(error @ Error::Lost(_)) => return Err(error),
                Err(refused) => {
                    self.failures.failed(&refused);
                    return Ok(false);
                }
            }
        }
        self.failures.ok();
        Ok(HAS_WATCHES)
    }

    /// Lists the functions, and sends them if they are others. Returns false if xenstored refused the list.
    fn send_functions(&mut self, connection: &mut Connection) -> Result<bool, Error> {
        if !self.wanted.functions {
            return Ok(true);
        }
        match sriov::list(connection) {
            Err(error @ Error::Lost(_)) => return Err(error),
            list => {
                let Some(functions) = self.list_failures.record(list) else { return Ok(false) };
                if self.sent.as_ref() != Some(&functions) {
                    self.outbox.send(Event::SriovVfs(functions.clone()));
                    self.sent = Some(functions);
                }
            }
        }
        Ok(true)
    }
}

/// Waits for events, a refresh or the timeout, and returns the events; `None` is the shutdown. The connection is
/// not waited for if nothing is `watched`: NetBSD's poll(2) always reports it.
fn wait(
    wake: &WakeReceiver,
    connection: &mut Connection,
    watched: bool,
    timeout: Option<Duration>,
) -> Result<Option<Vec<String>>, Error> {
    let source = PollSource::PollIn(connection.as_raw_fd());
    let sources: &[PollSource] = if watched { &[source] } else { &[] };
    // An event that was read along with a reply does not wake poll(2).
    let mut events = connection.pending_events()?;
    let mut pause = if events.is_empty() { timeout } else { Some(DEBOUNCE) };
    loop {
        match wake.wait(sources, pause) {
            WakeReason::Shutdown => return Ok(None),
            WakeReason::Refresh | WakeReason::Timeout => return Ok(Some(events)),
            WakeReason::Ready => events.extend(connection.wait_events()?),
        }
        pause = Some(DEBOUNCE);
    }
}
