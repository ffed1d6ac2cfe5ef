//! SR-IOV: the virtual functions that an XAPI host has plugged in, and the MAC that it gave each.
//!
//! The toolstack writes them below `xenserver/device/net-sriov-vf`. Other hosts have no such directory, which is no
//! failure.

use facts::{SriovVf, decimal};
use log::debug;
use xenstore::{Connection, Error};

/// A directory for each function, written by the toolstack.
pub const PATH: &str = "xenserver/device/net-sriov-vf";

/// The present functions. An incomplete one is left out: the watch fires again when the rest is written.
///
/// # Errors
/// If the connection cannot be used any more, or xenstored refuses for another reason than permissions.
pub fn list(connection: &mut Connection) -> Result<Vec<SriovVf>, Error> {
    let mut functions = Vec::new();
    for id in Error::absent(connection.list(PATH))?.unwrap_or_default() {
        let Some(number) = decimal(&id) else { continue };
        let Some(mac) = Error::absent(connection.read(&format!("{PATH}/{id}/mac")))? else {
            continue;
        };
        match mac.trim().parse() {
            Ok(mac) => functions.push(SriovVf { id: number, mac }),
            Err(_) => debug!("sriov: {PATH}/{id}/mac: {mac:?} is no MAC"),
        }
    }
    functions.sort_unstable_by_key(|function| function.id);
    Ok(functions)
}
