//! SR-IOV: the virtual functions that an XAPI host has plugged in, and the MAC that it gave each.
//!
//! The toolstack writes them below `xenserver/device/net-sriov-vf`. A watch fires when one is added or removed,
//! and after a resume, when the kernel registers it again. Other hosts have no such directory, which is no
//! failure. The watch has a connection of its own, as in [`resume`](crate::resume).

use std::io;
use std::os::fd::AsRawFd;

use facts::{Event, Outbox, SriovVf, decimal};
use log::debug;
use xenstore::{Backoff, Connection, MAX_WAIT, Request, XsError, without_nul};

use crate::failure_log::FailureLog;
use crate::poll::{PollSource, WakeReason, WakeReceiver};

/// Whether this system has watches, without which a new function would be missed.
pub const IS_SUPPORTED: bool = xenstore::HAS_WATCHES;

/// A directory for each function, written by the toolstack.
const PATH: &str = "xenserver/device/net-sriov-vf";
/// The end of the request for a watch: a token, which is not used, and its NUL.
const TOKEN: &[u8] = b"sriov\0";

/// Sends the functions, at once and after each change, until the end.
pub fn run(wake: &WakeReceiver, outbox: &Outbox) {
    let mut failures = FailureLog::new("sriov");
    let mut sent = None;
    let mut backoff = Backoff::default();
    loop {
        match watch(wake, outbox, &mut failures, &mut sent) {
            Ok(()) => return,
            Err(error) => failures.failed(&error),
        }
        if wake.wait(&[], Some(backoff.next_delay())) == WakeReason::Shutdown {
            return;
        }
    }
}

/// Lists on a new connection, and again whenever the watch fires, until the end.
fn watch(
    wake: &WakeReceiver,
    outbox: &Outbox,
    failures: &mut FailureLog,
    sent: &mut Option<Vec<SriovVf>>,
) -> io::Result<()> {
    let mut connection = Connection::open()?;
    connection.request(Request::Watch, PATH, TOKEN)?;
    loop {
        let functions = Some(list(&mut connection)?);
        failures.ok();
        if functions != *sent {
            *sent = functions;
            sent.iter().for_each(|functions| outbox.send(Event::Functions(functions.clone())));
        }
        // An event that was read along with a reply does not wake poll(2).
        let mut events = connection.pending_events()?;
        while events == 0 {
            match wake.wait(&[PollSource::PollIn(connection.as_raw_fd())], MAX_WAIT) {
                WakeReason::Shutdown => return Ok(()),
                // An event that poll(2) missed is read along with the list.
                WakeReason::Refresh | WakeReason::Timeout => break,
                WakeReason::Ready => events = connection.wait_events()?,
            }
        }
    }
}

/// The present functions. An incomplete one is left out: the watch fires again when the rest is written.
fn list(connection: &mut Connection) -> io::Result<Vec<SriovVf>> {
    let ids = ask(connection, Request::Directory, PATH)?.unwrap_or_default();
    let mut functions = Vec::new();
    for id in ids.split(|&byte| byte == 0).map(String::from_utf8_lossy) {
        let Some(number) = decimal(&id) else { continue };
        let Some(mac) = ask(connection, Request::Read, &format!("{PATH}/{id}/mac"))? else {
            continue;
        };
        match String::from_utf8_lossy(without_nul(&mac)).trim().parse() {
            Ok(mac) => functions.push(SriovVf { id: number, mac }),
            Err(_) => debug!("sriov: {PATH}/{id}/mac: {:?} is no MAC", mac.escape_ascii()),
        }
    }
    functions.sort_unstable_by_key(|function| function.id);
    Ok(functions)
}

/// The answer; `None` if the node does not exist or the guest may not read it.
fn ask(connection: &mut Connection, request: Request, path: &str) -> io::Result<Option<Vec<u8>>> {
    let answer = connection.request(request, path, &[]);
    let Err(error) = answer else { return answer.map(Some) };
    match error.get_ref().and_then(|inner| inner.downcast_ref::<XsError>()) {
        Some(XsError(name)) if name == "ENOENT" || name == "EACCES" => Ok(None),
        _ => Err(error),
    }
}
