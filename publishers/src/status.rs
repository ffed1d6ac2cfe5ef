//! The status line for the service manager: the guest's host, and what the host can see of it. It is sent
//! only when it changes. Reads up to four keys of the toolstack, writes none.

use std::collections::BTreeSet;
use std::io;

use xenstore::Error;

use crate::host::Host;
use crate::key_tree::Tree;
use crate::keys::{NICS, SRIOV_VFS, VIFS};
use crate::schema::Schema;
use crate::store::Store;

/// Written by the toolstack, for the guest's own id.
const DOMID: &str = "domid";

/// The status that is sent while there is no connection.
pub const LOST: &str = "connection to xenstore lost, reconnecting";

/// The guest on its host.
#[derive(Debug, PartialEq, Eq)]
struct Domain {
    id: u32,
    host: Host,
}

impl Domain {
    /// `None` without a domain id, as on standard output.
    fn read(store: &dyn Store) -> io::Result<Option<Self>> {
        let read = |path: &str| match store.read(path).map_err(Error::from) {
            Ok(value) => Ok(Some(value)),
            Err(Error::Lost(error)) => Err(error),
            Err(_) => Ok(None),
        };
        let Some(id) = read(DOMID)?.and_then(|text| facts::decimal(&text)) else {
            return Ok(None);
        };
        let host = Host::detect(|path| read(path).map(|value| value.is_some()))?;
        Ok(Some(Self { id, host }))
    }
}

/// What was sent last, and the function that sends.
pub struct Status {
    schema: Schema,
    domain: Option<Domain>,
    sent: String,
    send: Box<dyn FnMut(&str)>,
}

impl Status {
    /// A status of which nothing was sent yet.
    pub fn new(schema: Schema, send: Box<dyn FnMut(&str)>) -> Self {
        Self { schema, domain: None, sent: String::new(), send }
    }

    /// Reads the guest's id and the kind of its host, which differ after a migration.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn read_domain(&mut self, store: &dyn Store) -> io::Result<()> {
        self.domain = Domain::read(store)?;
        Ok(())
    }

    /// Sends what is published, if that differs from what was sent last. `denied` is the number of keys that
    /// the host does not allow.
    pub fn update(&mut self, published: &Tree, denied: usize) {
        let text = text(self.domain.as_ref(), self.schema, published, denied);
        self.set(&text);
    }

    /// Sends `text`, if it differs from what was sent last.
    pub fn set(&mut self, text: &str) {
        if self.sent != text {
            text.clone_into(&mut self.sent);
            (self.send)(text);
        }
    }
}

/// A line such as `domain 7 on XAPI, 2 VIFs, 5 addresses, 1 key denied`. NICs and addresses are named also
/// if there are none, since that is why a host shows none.
fn text(domain: Option<&Domain>, schema: Schema, published: &Tree, denied: usize) -> String {
    let nics = |directory| {
        let names = published.below(directory).filter_map(|(path, _)| path.split('/').next());
        names.collect::<BTreeSet<_>>().len()
    };
    let functions = nics(SRIOV_VFS);
    let vifs = nics(VIFS) + nics(NICS);
    let keys = [VIFS, SRIOV_VFS, NICS].into_iter().flat_map(|nics| published.below(nics));
    let addresses = keys.filter(|(path, _)| is_address(path)).count();
    let nic = match schema {
        Schema::Rfc => ("NIC", "NICs"),
        Schema::Std | Schema::StdEveryNic | Schema::Withdrawn => ("VIF", "VIFs"),
    };
    let domain = domain.map(|Domain { id, host }| format!("domain {id} on {}", host.name()));
    let parts = [
        domain,
        Some(count(vifs, nic)),
        (functions > 0).then(|| count(functions, ("SR-IOV function", "SR-IOV functions"))),
        Some(count(addresses, ("address", "addresses"))),
        (denied > 0).then(|| count(denied, ("key denied", "keys denied"))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Whether this is the path of an address below the directory of its NIC: `0/ipv4/0`.
fn is_address(path: &str) -> bool {
    let mut names = path.split('/').skip(1);
    matches!(names.next(), Some("ipv4" | "ipv6")) && names.count() == 1
}

fn count(number: usize, (one, many): (&str, &str)) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use xenstore_rs::Xs;

    use super::*;
    use crate::store::fake::{FakeXenstore, Fault};

    fn tree(paths: &[&str]) -> Tree {
        let mut tree = Tree::default();
        paths.iter().for_each(|path| tree.set(*path, "1"));
        tree
    }

    fn std_text(paths: &[&str], denied: usize) -> String {
        let domain = Domain { id: 7, host: Host::Xapi };
        text(Some(&domain), Schema::Std, &tree(paths), denied)
    }

    #[test]
    fn vifs_addresses_and_denied_keys_are_counted() {
        let one = ["attr/vif/0/name", "attr/vif/0/ipv4/0", "attr/vif/0/ipv4/0/prefix"];
        let more = ["attr/vif/10/name", "attr/vif/10/ipv4/0", "attr/vif/10/ipv6/3"];
        assert_eq!(std_text(&[], 0), "domain 7 on XAPI, 0 VIFs, 0 addresses");
        assert_eq!(std_text(&one, 1), "domain 7 on XAPI, 1 VIF, 1 address, 1 key denied");
        assert_eq!(
            std_text(&[one, more].concat(), 2),
            "domain 7 on XAPI, 2 VIFs, 3 addresses, 2 keys denied"
        );
    }

    #[test]
    fn sriov_functions_are_counted_if_there_are_any() {
        let function = ["attr/vif/0/name", "xenserver/attr/net-sriov-vf/1/ipv4/0"];
        assert_eq!(std_text(&function, 0), "domain 7 on XAPI, 1 VIF, 1 SR-IOV function, 1 address");
    }

    #[test]
    fn schema_rfc_has_nics() {
        let published = tree(&["data/net/2", "data/net/2/mac/00_16", "data/net/2/ipv4/192_0_2_1"]);
        assert_eq!(text(None, Schema::Rfc, &published, 0), "1 NIC, 1 address");
    }

    fn domain(keys: &[(&str, &str)]) -> Option<Domain> {
        let store = FakeXenstore::default();
        keys.iter().for_each(|(path, value)| store.write(path, value).unwrap());
        Domain::read(&store).unwrap()
    }

    #[test]
    fn host_is_known_by_the_keys_of_its_toolstack() {
        let on = |host| Some(Domain { id: 7, host });
        assert_eq!(domain(&[("domid", "7")]), on(Host::Libxl));
        assert_eq!(domain(&[("domid", "7"), ("unique-domain-id", "x")]), on(Host::Xapi));
        assert_eq!(domain(&[("domid", "7"), ("xenserver", "")]), on(Host::Xapi));
        assert_eq!(domain(&[("domid", "7"), ("acpi-state", "s0")]), on(Host::OpenXt));
        // A line end would be another message to the service manager.
        assert_eq!(domain(&[("domid", "7\nMAINPID=1")]), None);
        assert_eq!(domain(&[("unique-domain-id", "x")]), None);
    }

    #[test]
    fn lost_connection_is_an_error() {
        let store = FakeXenstore::default();
        store.see().faults = vec![Some(Fault::Lost)];
        assert!(Domain::read(&store).is_err());
    }

    #[test]
    fn status_is_sent_when_it_changes() {
        let sent = Rc::new(RefCell::new(Vec::new()));
        let log = sent.clone();
        let mut status =
            Status::new(Schema::Std, Box::new(move |text| log.borrow_mut().push(text.to_owned())));
        for published in [&tree(&[]), &tree(&["data/os_name"]), &tree(&["attr/vif/0/name"])] {
            status.update(published, 0);
        }
        status.set(LOST);
        status.set(LOST);
        let wanted = ["0 VIFs, 0 addresses", "1 VIF, 0 addresses", LOST];
        assert_eq!(sent.take(), wanted);
    }
}
