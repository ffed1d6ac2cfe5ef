//! SR-IOV: the virtual functions that an XAPI host has plugged in, and the MAC that it gave each.
//!
//! The toolstack writes them below `xenserver/device/net-sriov-vf`. Other hosts have no such directory, which is no
//! failure.

use std::io;

use facts::{SriovVf, decimal};
use log::debug;
use xenstore::{Connection, Request, XsError, without_nul};

/// A directory for each function, written by the toolstack.
pub const PATH: &str = "xenserver/device/net-sriov-vf";

/// The present functions. An incomplete one is left out: the watch fires again when the rest is written.
///
/// # Errors
/// If the connection cannot be used any more, or xenstored refuses for another reason than permissions.
pub fn list(connection: &mut Connection) -> io::Result<Vec<SriovVf>> {
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
