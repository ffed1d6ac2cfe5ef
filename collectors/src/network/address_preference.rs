//! The preference of addresses, as far as it depends on scopes. Pure.

use std::net::IpAddr;

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
    use super::*;

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
