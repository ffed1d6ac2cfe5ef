//! Finds the upper devices of links: bridge, bond, team, VLAN, macvlan, ipvlan, Open vSwitch. Pure.

use std::collections::{BTreeMap, BTreeSet};

use facts::{map_of, set_of};

use super::rtnetlink::Link;

/// The master of its ports is the datapath's own link; internal ports have no master.
const OPENVSWITCH: &[u8] = b"openvswitch";

/// Whether links of this kind carry the traffic of other links, or of their ports.
#[must_use]
pub fn is_upper_kind(kind: &[u8]) -> bool {
    is_master_kind(kind) || is_child_kind(kind)
}

/// Whether traffic passes through the link, as far as the link itself decides.
#[must_use]
pub fn is_passable(link: &Link) -> bool {
    // A datapath's own link passes traffic between its ports although it is down.
    link.up || link.info_kind == OPENVSWITCH
}

/// It is the master of its lower devices (IFLA_MASTER).
fn is_master_kind(kind: &[u8]) -> bool {
    matches!(kind, b"bridge" | b"bond" | b"team") || kind == OPENVSWITCH
}

/// IFLA_LINK is its lower device. That of a tunnel is its NIC too, but its addresses are in another network; that
/// of a veth is its peer.
fn is_child_kind(kind: &[u8]) -> bool {
    matches!(kind, b"vlan" | b"macvlan" | b"macvtap" | b"ipvlan" | b"ipvtap")
}

/// The upper devices of each link, by interface index.
#[derive(Debug, Default)]
pub struct UpperDevices(BTreeMap<u32, Vec<u32>>);

impl UpperDevices {
    /// The upper devices among `links`.
    pub fn new<'a>(links: impl Iterator<Item = &'a Link> + Clone) -> Self {
        let masters = links.clone().filter(|link| is_master_kind(&link.info_kind));
        let masters = map_of(masters.map(|link| (link.index, link.info_kind.as_slice())));
        let is_internal_port = |link: &&Link| link.info_kind == OPENVSWITCH;
        let internal_ports = links.clone().filter(is_internal_port).map(|link| link.index);
        let internal_ports: Vec<u32> = internal_ports.collect();
        let mut uppers = BTreeMap::<u32, Vec<u32>>::new();
        let mut datapaths = BTreeSet::new();
        for link in links {
            if let Some((&master, &kind)) =
                link.master.and_then(|master| masters.get_key_value(&master))
            {
                uppers.entry(link.index).or_default().push(master);
                if kind == OPENVSWITCH {
                    datapaths.insert(master);
                }
            }
            if let Some(lower) = link.lower.filter(|_| is_child_kind(&link.info_kind)) {
                uppers.entry(lower).or_default().push(link.index);
            }
        }
        for datapath in datapaths {
            uppers.entry(datapath).or_default().extend(&internal_ports);
        }
        uppers.values_mut().for_each(|indices| indices.sort_unstable());
        Self(uppers)
    }

    /// All upper devices of the `lower` links, the nearest first, each once. The upper devices of a link count
    /// only if it `is_passable`, which is called once for each link.
    pub fn above(&self, lower: &[u32], mut is_passable: impl FnMut(u32) -> bool) -> Vec<u32> {
        let mut found = lower.to_vec();
        let mut seen = set_of(lower.iter().copied());
        let mut next = 0;
        while let Some(&index) = found.get(next) {
            next += 1;
            let uppers = self.0.get(&index).filter(|_| is_passable(index));
            for &upper in uppers.into_iter().flatten() {
                if seen.insert(upper) {
                    found.push(upper);
                }
            }
        }
        found.split_off(lower.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Each link is visited once, so the cost is linear.
    #[test]
    fn two_thousand_macvlans_cause_one_visit_of_their_link() {
        let macvlan = |index| Link {
            index,
            info_kind: b"macvlan".to_vec(),
            lower: Some(1),
            ..Link::default()
        };
        let links: Vec<Link> = (2..2_002).map(macvlan).collect();
        let uppers = UpperDevices::new(links.iter());
        let mut visits = 0;
        let above = uppers.above(&[1], |_| {
            visits += 1;
            true
        });
        assert_eq!(above, (2..2_002).collect::<Vec<_>>());
        assert_eq!(visits, 1);
    }
}
