//! The schemas: which keys a state of the guest makes. Pure; cannot fail. The table [`crate::keys`] has a row
//! for each key.

mod rfc;
mod xapi;

use crate::guest_state::{GuestState, Source};
use crate::key_tree::Tree;
use crate::keys::{DOORBELL, UNINSTALLED, UPDATED};

/// A layout of the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// The keys that XAPI, Xen Orchestra, XenCenter and OpenXT read.
    Std,
    /// The same, with each NIC as the VIF of its interface index: for `--publisher stdout` on machines
    /// without VIFs.
    StdEveryNic,
    /// The layout of the RFC: every NIC, VIF or not.
    Rfc,
    /// Only the key that says that the agent is uninstalled.
    Withdrawn,
}

impl Schema {
    /// The keys of one source. From `published`, addresses keep their index and samples that moved little keep
    /// their value.
    #[must_use]
    pub fn render_source(self, source: Source, state: &GuestState, published: &Tree) -> Tree {
        let mut tree = Tree::default();
        match self {
            Self::Std => xapi::render(&mut tree, source, state, published, |link| link.vif),
            Self::StdEveryNic => {
                xapi::render(&mut tree, source, state, published, |link| Some(link.index));
            }
            Self::Rfc => rfc::render(&mut tree, source, state, published),
            Self::Withdrawn if source == Source::Agent => tree.set(UNINSTALLED, "1"),
            Self::Withdrawn => {}
        }
        tree
    }

    /// The keys of all sources that are known.
    #[must_use]
    pub fn render(self, state: &GuestState, published: &Tree) -> Tree {
        let mut tree = Tree::default();
        state.known().for_each(|source| tree.extend(self.render_source(source, state, published)));
        tree
    }

    /// The key that is written last in each batch, with the time.
    #[must_use]
    pub fn updated_key(self) -> Option<&'static str> {
        self.has_hosts().then_some(UPDATED)
    }

    /// Whether this key is no fact and stays. `--withdraw` keeps the time too: without it squeezed would assume that the
    /// guest is still booting, and reserve all the memory with which it was started.
    #[must_use]
    pub fn keeps(self, path: &str) -> bool {
        path == UPDATED && self != Self::Rfc
    }

    /// The doorbell: the key that is written again with the same value if only keys have changed that hosts do
    /// not watch but should read.
    #[must_use]
    pub fn doorbell(self) -> Option<&'static str> {
        self.has_hosts().then_some(DOORBELL)
    }

    /// Whether hosts read the keys of this schema.
    fn has_hosts(self) -> bool {
        matches!(self, Self::Std | Self::StdEveryNic)
    }
}

/// The value to publish of a sample: the published one, unless the new one differs by `step` or more.
fn sampled(published: Option<&str>, now: u64, step: u64) -> u64 {
    let known = published.and_then(facts::decimal);
    known.filter(|known: &u64| known.abs_diff(now) < step).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use facts::{Disks, Driver, Drivers, Link, Mac, Memory, Network, Os, Service, SriovVf, Volume};

    use super::*;
    use crate::keys::{key_of, root_of};

    fn text() -> Option<String> {
        Some("1".into())
    }

    /// A guest with a fact for each key.
    fn full() -> GuestState {
        let address = |ip: &str| facts::Address {
            ip: ip.parse().unwrap(),
            prefix: 24,
            preference: facts::AddressPreference::default(),
        };
        let mac = Some(Mac([2; 6]));
        let addresses = vec![address("192.0.2.1"), address("2001:db8::1")];
        let link = Link {
            index: 2,
            name: "eth0".into(),
            mac,
            vif: Some(0),
            perm_mac: mac,
            addresses,
            upper_addresses: vec![],
        };
        let (name, version) = ("xen-netfront".into(), "6.1".into());
        let volume = Volume {
            name: "/dev/xvda1".into(),
            label: text(),
            size: Some(1),
            free: Some(1),
            filesystem: "ext4".into(),
            mount_points: vec!["/".into()],
            extents: vec!["xvda".into()],
        };
        let os = Os {
            pretty_name: "Debian 12".into(),
            name: "Debian".into(),
            distro: "debian".into(),
            version: text(),
            major: text(),
            minor: text(),
            kernel_release: "6.1".into(),
            host_name: "guest".into(),
            domain: text(),
        };
        let in_use = vec![Driver { vendor: "Linux", name, version }];
        GuestState {
            network: Some(Network { links: vec![link], lacks_vif: false }),
            memory: Some(Memory { total: 2, available: 1, balloon: true }),
            os: Some(os),
            functions: Some(vec![SriovVf { id: 0, mac: Mac([2; 6]) }]),
            drivers: Some(Drivers { in_use, vif: true, vbd: true }),
            service: Some(Service { boot_id: text(), reboot_required: true }),
            disks: Some(Disks { volumes: vec![volume] }),
            ..GuestState::default()
        }
    }

    /// A key that no row matches would have no priority and would not be announced.
    #[test]
    fn each_key_has_a_row_of_its_source() {
        let published = Tree::default();
        for schema in [Schema::Std, Schema::StdEveryNic, Schema::Rfc, Schema::Withdrawn] {
            for source in Source::ALL {
                let tree = schema.render_source(source, &full(), &published);
                for (path, _) in tree.iter() {
                    assert!(key_of(path).is_some(), "{path} has no row");
                    assert_eq!(root_of(path).map(|root| root.source), Some(source), "{path}");
                }
                let is_empty = tree.iter().count() == 0;
                assert!(!is_empty || schema != Schema::Std, "{source:?} has no key");
            }
        }
    }
}
