//! Finds the VIF of a NIC in xenstore, for systems whose kernel does not report it.
//!
//! Below `device/vif/N` the toolstack writes `mac`, and NetBSD's frontend writes its name to `vifname`.

use std::io;

use facts::decimal;
use xenstore::{Connection, Request, XsError, without_nul};

/// A directory for each VIF, written by the toolstack.
const PATH: &str = "device/vif";

/// The number in `device/vif/N`, the value of FreeBSD's sysctl `dev.xn.U.xenstore_path`.
#[must_use]
pub fn of_path(path: &str) -> Option<u32> {
    decimal(path.strip_prefix(PATH)?.strip_prefix('/')?)
}

/// The unit of a driver's interface: 3 of `xn3` for the driver `xn`.
#[must_use]
pub fn unit(name: &str, driver: &str) -> Option<u32> {
    decimal(name.strip_prefix(driver)?)
}

/// The VIF whose key `leaf` has the wanted value.
///
/// # Errors
/// If the connection cannot be used any more.
pub fn find(
    connection: &mut Connection,
    leaf: &str,
    is_wanted: impl Fn(&str) -> bool,
) -> io::Result<Option<u32>> {
    let names = read(connection, Request::Directory, PATH)?.unwrap_or_default();
    for name in names.split(|&byte| byte == 0).map(String::from_utf8_lossy) {
        let Some(vif) = decimal(&name) else { continue };
        let value = read(connection, Request::Read, &format!("{PATH}/{vif}/{leaf}"))?;
        let value = value.unwrap_or_default();
        if is_wanted(String::from_utf8_lossy(without_nul(&value)).trim()) {
            return Ok(Some(vif));
        }
    }
    Ok(None)
}

/// The answer; `None` if the node does not exist or the guest may not read it.
fn read(connection: &mut Connection, request: Request, path: &str) -> io::Result<Option<Vec<u8>>> {
    let answer = connection.request(request, path, &[]);
    let Err(error) = answer else { return answer.map(Some) };
    match error.get_ref().and_then(|inner| inner.downcast_ref::<XsError>()) {
        Some(_) => Ok(None),
        None => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_host::host;

    #[test]
    fn vif_is_found_by_the_name_that_the_kernel_wrote() {
        let mut host = host(vec![
            ("device/vif", Some(b"x\x000\x002\x00")),
            ("device/vif/0/vifname", None),
            ("device/vif/2/vifname", Some(b"xennet0\n\0")),
        ]);
        assert_eq!(find(&mut host, "vifname", |name| name == "xennet0").unwrap(), Some(2));
    }

    #[test]
    fn guest_without_vifs_has_none() {
        let mut host = host(vec![("device/vif", None)]);
        assert_eq!(find(&mut host, "mac", |_| true).unwrap(), None);
    }

    #[test]
    fn lost_connection_is_an_error() {
        assert!(find(&mut host(vec![]), "mac", |_| true).is_err());
    }

    #[test]
    fn path_and_name_hold_a_number_and_nothing_else() {
        assert_eq!(of_path("device/vif/0"), Some(0));
        assert_eq!(of_path("device/vif/4294967295"), Some(u32::MAX));
        for path in ["device/vif/", "device/vif/+1", "device/vif/01", "device/vbd/0", "", "0"] {
            assert_eq!(of_path(path), None, "{path}");
        }
        assert_eq!(unit("xn3", "xn"), Some(3));
        assert_eq!(unit("xnb3", "xn"), None);
        assert_eq!(unit("xennet0", "xn"), None);
    }
}
