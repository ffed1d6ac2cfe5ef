//! Looks at the store: each request on a thread that may be left behind, since a host that hangs answers never.
//! Asks for values, names, permissions and one watch; writes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use collectors::inspect::{self, XenDevice};
use publishers::Schema;
use publishers::compare::{Comparison, compare};
use publishers::diff::Change;
use publishers::guest_state::GuestState;
use publishers::host;
use publishers::store::Xenstore;
use xenstore::{Connection, Error, HAS_WATCHES, Request};

use super::observation::{Device, NoStore, StoreSeen};

/// Keys that no agent of ours writes, besides those of [`host`].
const KEYS: [&str; 2] = ["domid", "data/cant_suspend_reason"];
/// The most nodes that are counted.
const MAX_COUNTED: usize = 4_000;

/// Opens the store and asks for one value.
///
/// # Errors
/// [`NoStore`] says why there is none.
pub fn ping(timeout: Duration) -> Result<(), NoStore> {
    within(timeout, || {
        let mut connection = Connection::open()?;
        Error::absent(connection.read("domid")).map(drop)
    })
}

/// Asks for all that the checks need to know.
///
/// # Errors
/// [`NoStore`] says why the store stopped to answer.
pub fn look(
    schema: Schema,
    state: GuestState,
    devices: &[XenDevice],
    timeout: Duration,
) -> Result<StoreSeen, NoStore> {
    let is_undriven = |device: &&XenDevice| device.kind == "vbd" && !device.is_driven;
    let undriven: Vec<u32> = devices.iter().filter(is_undriven).map(|device| device.id).collect();
    within(timeout, move || {
        // Each connection is closed before the next is opened, as NetBSD's kernel wants it.
        let comparison = compare(&Xenstore::open()?, schema, &state)?;
        let mut connection = Connection::open()?;
        let asked = Instant::now();
        let domid = Error::absent(connection.read("domid"))?.unwrap_or_default();
        let latency = asked.elapsed();
        let mut keys = BTreeMap::new();
        for key in KEYS.into_iter().chain(host::KEYS) {
            if let Some(value) = Error::absent(connection.read(key))? {
                keys.insert(key, value);
            }
        }
        let mut cd_drives = BTreeSet::new();
        for id in undriven {
            let kind = Error::absent(connection.read(&format!("device/vbd/{id}/device-type")))?;
            cd_drives.extend(kind.is_some_and(|kind| kind == "cdrom").then_some(id));
        }
        let denied = denied(&mut connection, &comparison, &domid)?;
        let is_missing = |change: &Change| matches!(change, Change::Write(path, _) if comparison.published.get(path).is_none());
        let owned = match comparison.changes.iter().any(is_missing) {
            true => Some(count_owned(&mut connection, &domid)?),
            false => None,
        };
        // Last: from here on events come between the answers.
        let watch = watch(&mut connection)?;
        let path = xenstore::path().display().to_string();
        Ok(StoreSeen { path, latency, watch, keys, comparison, denied, cd_drives, owned })
    })
}

/// Runs the requests on another thread, which is left behind when the time is over.
fn within<T: Send + 'static>(
    timeout: Duration,
    ask: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, NoStore> {
    // Nothing is sent: the channel closes when the thread has the answer.
    let (open, closed) = channel::<()>();
    let answer = move || {
        let answer = ask();
        drop(open);
        answer
    };
    let started = thread::Builder::new().name("store".into()).spawn(answer);
    let thread = started.map_err(|error| NoStore::Failed(error.to_string()))?;
    if closed.recv_timeout(timeout) == Err(RecvTimeoutError::Timeout) {
        return Err(NoStore::Silent(xenstore::path().display().to_string(), timeout));
    }
    match thread.join() {
        Ok(answer) => answer.map_err(|error| reason(&error)),
        Err(_) => Err(NoStore::Failed("no answer".into())),
    }
}

fn reason(error: &Error) -> NoStore {
    let root = Path::new("/");
    let Error::Lost(error) = error else { return NoStore::Failed(error.to_string()) };
    match error.kind() {
        io::ErrorKind::NotFound if inspect::has_xenbus_device(root) => {
            NoStore::Missing(Device::Hidden)
        }
        io::ErrorKind::NotFound => NoStore::Missing(match inspect::has_xenfs(root) {
            Some(true) => Device::Xenfs,
            Some(false) => Device::Unloaded,
            None => Device::Nothing,
        }),
        io::ErrorKind::PermissionDenied => NoStore::Denied(xenstore::path().display().to_string()),
        _ => NoStore::Failed(error.to_string()),
    }
}

/// Registers a watch and waits for the event that xenstored sends for it.
fn watch(connection: &mut Connection) -> Result<Result<bool, String>, Error> {
    if !HAS_WATCHES {
        return Ok(Ok(false));
    }
    match connection.watch("domid", "check") {
        Ok(()) => {}
        Err(error @ Error::Lost(_)) => return Err(error),
        Err(refused) => return Ok(Err(refused.to_string())),
    }
    // It may have come along with an answer.
    let mut events = connection.pending_events()?;
    while events.is_empty() {
        events = connection.wait_events()?;
    }
    Ok(Ok(true))
}

/// The paths of changes that the host does not let the guest make.
fn denied(
    connection: &mut Connection,
    comparison: &Comparison,
    domid: &str,
) -> Result<BTreeSet<String>, Error> {
    let mut known = BTreeMap::new();
    let mut denied = BTreeSet::new();
    for change in &comparison.changes {
        if !is_allowed(connection, change.path(), domid, &mut known)? {
            denied.insert(change.path().to_owned());
        }
    }
    Ok(denied)
}

/// Whether the guest may write a node, or make it below the nearest one that there is.
fn is_allowed(
    connection: &mut Connection,
    path: &str,
    domid: &str,
    known: &mut BTreeMap<String, bool>,
) -> Result<bool, Error> {
    if let Some(allowed) = known.get(path) {
        return Ok(*allowed);
    }
    let allowed = match connection.request(Request::GetPerms, path, &[]) {
        Ok(perms) => may_write(&String::from_utf8_lossy(&perms), domid),
        Err(Error::NotFound) => match path.rsplit_once('/') {
            Some((parent, _)) => is_allowed(connection, parent, domid, known)?,
            None => false,
        },
        Err(error @ Error::Lost(_)) => return Err(error),
        Err(_) => false,
    };
    known.insert(path.to_owned(), allowed);
    Ok(allowed)
}

/// Counts the nodes below the domain's home that the guest owns.
fn count_owned(connection: &mut Connection, domid: &str) -> Result<usize, Error> {
    let mut left = vec![format!("/local/domain/{domid}")];
    let (mut owned, mut seen) = (0, 0);
    while let (Some(node), true) = (left.pop(), seen < MAX_COUNTED) {
        seen += 1;
        let perms = Error::absent(connection.request(Request::GetPerms, &node, &[]))?;
        let owner = perms.map(|perms| String::from_utf8_lossy(&perms).into_owned());
        let owner = owner.and_then(|perms| Some(perms.split('\0').next()?.get(1..)?.to_owned()));
        owned += usize::from(owner.as_deref() == Some(domid));
        let names = Error::absent(connection.list(&node))?.unwrap_or_default();
        left.extend(names.iter().map(|name| format!("{node}/{name}")));
    }
    Ok(owned)
}

/// Whether the domain may write a node with these permissions (`docs/misc/xenstore.txt`): `n0`, NUL, `r7`, NUL. The first names the owner,
/// who may do all, and what those may do who are not named; the others name a domain each.
pub fn may_write(perms: &str, domid: &str) -> bool {
    let mut perms = perms.split('\0').filter(|perm| !perm.is_empty());
    let has_write = |kind: char| matches!(kind, 'w' | 'b');
    let parts = |perm: &str| {
        let mut chars = perm.chars();
        let kind = chars.next()?;
        Some((kind, chars.as_str() == domid))
    };
    let Some((everybody, is_owner)) = perms.next().and_then(parts) else { return false };
    let own = perms.filter_map(parts).find(|(_, is_own)| *is_own);
    is_owner || has_write(own.map_or(everybody, |(kind, _)| kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owner_and_those_with_w_or_b_may_write() {
        for (perms, may) in [
            ("n7\0", true),
            ("n0\0r7\0", false),
            ("n0\0b7\0", true),
            ("n0\0r3\0w7\0", true),
            ("b0\0", true),
            ("b0\0r7\0", false),
            ("r0\0w77\0", false),
            ("", false),
        ] {
            assert_eq!(may_write(perms, "7"), may, "{perms:?}");
        }
    }
}
