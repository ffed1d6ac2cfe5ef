//! The preference of addresses, as far as it depends on scopes and default routes. Pure.

use std::net::IpAddr;

use facts::{Address, AddressPreference, Network};

/// Whether the order of a link's addresses depends on the source address of a default route: its two best
/// addresses of one family are otherwise equal.
#[must_use]
pub fn decides_order(network: &Network) -> bool {
    network.links.iter().any(|link| {
        let addresses = || link.addresses.iter().chain(&link.upper_addresses);
        has_equals(addresses().filter(|address| address.ip.is_ipv4()))
            || has_equals(addresses().filter(|address| address.ip.is_ipv6()))
    })
}

fn has_equals<'a>(addresses: impl Iterator<Item = &'a Address>) -> bool {
    let mut best: Option<(AddressPreference, IpAddr)> = None;
    let mut is_tied = false;
    for &Address { ip, preference, .. } in addresses {
        let preference = AddressPreference { not_default_source: false, ..preference };
        match best {
            Some((known, _)) if known < preference => {}
            Some((known, first)) if known == preference => is_tied |= first != ip,
            _ => (best, is_tied) = (Some((preference, ip)), false),
        }
    }
    is_tied
}

/// The scope of an address: the kernel's, but always link-local for 169.254/16 (RFC 3927) and fe80::/10
/// (RFC 4291), which some programs add with global scope.
#[must_use]
pub fn scope(ip: IpAddr, scope: u8) -> u8 {
    const LINK: u8 = 253;
    let is_link_local = match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    if is_link_local { scope.max(LINK) } else { scope }
}

#[cfg(test)]
mod tests {
    use facts::Link;

    use super::*;

    fn network(addresses: &[(&str, AddressPreference)]) -> Network {
        let address = |(ip, preference): &(&str, AddressPreference)| Address {
            ip: ip.parse().unwrap(),
            prefix: 24,
            preference: *preference,
        };
        let link = Link {
            index: 1,
            name: "eth0".into(),
            mac: None,
            vif: Some(0),
            addresses: addresses.iter().map(address).collect(),
            perm_mac: None,
            upper_addresses: Vec::new(),
        };
        Network { links: vec![link], lacks_vif: false }
    }

    #[test]
    fn default_source_decides_between_two_best_of_one_family_only() {
        let best = AddressPreference::default();
        let worse = AddressPreference { secondary: true, ..best };
        let off_route = AddressPreference { not_default_source: true, ..best };
        for (addresses, decides) in [
            (&[("192.0.2.1", best)][..], false),
            (&[("192.0.2.1", best), ("2001:db8::1", best)], false),
            (&[("192.0.2.1", best), ("192.0.2.2", worse), ("192.0.2.3", worse)], false),
            (&[("192.0.2.2", worse), ("192.0.2.3", worse), ("192.0.2.1", best)], false),
            (&[("192.0.2.1", best), ("192.0.2.1", best)], false),
            (&[("192.0.2.1", best), ("192.0.2.2", off_route)], true),
            (&[("192.0.2.3", worse), ("2001:db8::1", best), ("2001:db8::2", best)], true),
        ] {
            assert_eq!(decides_order(&network(addresses)), decides, "{addresses:?}");
        }
    }

    #[test]
    fn addresses_of_link_local_prefixes_have_link_scope() {
        for (ip, kernel, expected) in [
            ("169.254.7.7", 0, 253),
            ("169.254.7.7", 254, 254),
            ("169.255.0.1", 0, 0),
            ("192.0.2.1", 253, 253),
            ("fe80::1", 0, 253),
            ("fec0::1", 200, 200),
        ] {
            assert_eq!(scope(ip.parse().unwrap(), kernel), expected, "{ip}");
        }
    }
}
