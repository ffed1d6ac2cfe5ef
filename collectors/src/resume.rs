//! Resume: notices that the store has been made anew, after a restore or a migration.
//!
//! A watch tells: when the guest comes back the kernel registers each watch again, and xenstored
//! fires a watch once when it is registered (`drivers/xen/xenbus/xenbus_xs.c`, `xs_resume`). So a
//! watch on a path that never changes fires on a resume and at no other time. A connection of its
//! own, since the publisher's waits for nothing but answers; if it is lost, so was the store.

use std::io;
use std::os::fd::AsRawFd;
use std::time::Duration;

use facts::{Event, Outbox};
use log::info;
use xenstore::{Backoff, Connection, Request};

use crate::health::Health;
use crate::wait::{Source, Wake, Woken};

/// Written by the toolstack before the guest runs, and never again.
const PATH: &str = "domid";
/// The rest of the request: a token, which is not used, and its NUL.
const TOKEN: &[u8] = b"resume\0";
/// How long to wait for more events after one.
const CALM: Duration = Duration::from_millis(20);

/// Sends [`Event::Reread`] on each resume, until the end.
pub fn run(wake: &Wake, outbox: &Outbox) {
    let mut health = Health::new("resume watch");
    let mut backoff = Backoff::default();
    loop {
        match watch(wake, outbox, &mut health) {
            Ok(()) => return,
            Err(error) => health.failed(&error),
        }
        if wake.wait(&[], Some(backoff.wait())) == Woken::End {
            return;
        }
    }
}

/// Watches on a new connection until the end. What happened to the store before the watch stood
/// nobody knows: it is to be read back, at the first time too.
fn watch(wake: &Wake, outbox: &Outbox, health: &mut Health) -> io::Result<()> {
    let mut connection = Connection::open()?;
    connection.request(Request::Watch, PATH, TOKEN)?;
    health.well();
    outbox.send(Event::Reread);
    // xenstored fires a watch once when it is registered.
    let mut expected = 1;
    loop {
        match wake.wait(&[Source::Readable(connection.as_raw_fd())], None) {
            Woken::End => return Ok(()),
            Woken::Refresh | Woken::Timeout => continue,
            Woken::Source => {}
        }
        let mut events = connection.events()?;
        // A toolstack that makes the tree anew may touch the path several times.
        while wake.wait(&[Source::Readable(connection.as_raw_fd())], Some(CALM)) == Woken::Source {
            events += connection.events()?;
        }
        if events > expected {
            info!("the store was made anew: everything is published again");
            outbox.send(Event::Reread);
        }
        expected = expected.saturating_sub(events);
    }
}
