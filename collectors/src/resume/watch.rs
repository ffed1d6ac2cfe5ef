//! Systems with watches. On a resume the kernel registers each watch again, and xenstored fires a watch once
//! when it is registered (`drivers/xen/xenbus/xenbus_xs.c`, `xs_resume`). So a watch on a path that never
//! changes fires on a resume and at no other time. It has a connection of its own, since the publisher's waits
//! only for answers. If this connection is lost, xenstored has restarted.

use std::io;
use std::os::fd::AsRawFd;
use std::time::Duration;

use facts::{Event, Outbox};
use log::info;
use xenstore::{Backoff, Connection, MAX_WAIT, Request};

use crate::failure_log::FailureLog;
use crate::poll::{PollSource, WakeReason, WakeReceiver};

/// Written by the toolstack before the guest runs, and never again.
const PATH: &str = "domid";
/// The end of the request: a token, which is not used, and its NUL.
const TOKEN: &[u8] = b"resume\0";
/// How long to wait for more events after one.
const DEBOUNCE: Duration = Duration::from_millis(20);

/// Sends [`Event::ReadBack`] on each resume, until the end.
pub fn run(wake: &WakeReceiver, outbox: &Outbox) {
    let mut failures = FailureLog::new("resume watch");
    let mut backoff = Backoff::default();
    loop {
        match watch(wake, outbox, &mut failures) {
            Ok(()) => return,
            Err(error) => failures.failed(&error),
        }
        if wake.wait(&[], Some(backoff.next_delay())) == WakeReason::Shutdown {
            return;
        }
    }
}

/// Watches on a new connection until the end. A change of the store before the watch was registered is
/// not reported, so the store is read back after each registration.
fn watch(wake: &WakeReceiver, outbox: &Outbox, failures: &mut FailureLog) -> io::Result<()> {
    let mut connection = Connection::open()?;
    connection.request(Request::Watch, PATH, TOKEN)?;
    failures.ok();
    outbox.send(Event::ReadBack);
    // xenstored fires a watch once when it is registered.
    let mut expected = 1;
    loop {
        let sources = [PollSource::PollIn(connection.as_raw_fd())];
        let mut events = match wake.wait(&sources, MAX_WAIT) {
            WakeReason::Shutdown => return Ok(()),
            WakeReason::Refresh => continue,
            // An event that poll(2) missed is read along with the reply.
            WakeReason::Timeout => {
                connection.request(Request::Read, PATH, &[])?;
                connection.pending_events()?
            }
            WakeReason::Ready => connection.wait_events()?,
        };
        // A toolstack that makes the tree again may write the path several times.
        while wake.wait(&sources, Some(DEBOUNCE)) == WakeReason::Ready {
            events += connection.wait_events()?;
        }
        if events > expected {
            info!("resume detected: reading xenstore back, publishing everything again");
            outbox.send(Event::ReadBack);
        }
        expected = expected.saturating_sub(events);
    }
}
