//! The flags of addresses on each system. No I/O; every host tests the code of every system.

use std::net::IpAddr;

use super::interfaces::AddressState;
use crate::headers::{freebsd, linux, netbsd};

/// FreeBSD: the flags of an IPv6 address (`SIOCGIFAFLAG_IN6`). An IPv4 address has none, but CARP may share it
/// between machines: `vhid` is then its group.
#[must_use]
pub fn of_freebsd(in6_flags: u32, vhid: u8) -> AddressState {
    use freebsd::*;
    AddressState {
        tentative: in6_flags & IN6_IFF_TENTATIVE != 0,
        failed: in6_flags & (IN6_IFF_DUPLICATED | IN6_IFF_DETACHED) != 0,
        deprecated: in6_flags & IN6_IFF_DEPRECATED != 0,
        secondary: in6_flags & IN6_IFF_TEMPORARY != 0 || vhid != 0,
    }
}

/// NetBSD: `ifa_addrflags`, whose bits differ between IPv4 and IPv6.
#[must_use]
pub fn of_netbsd(ip: IpAddr, flags: u32) -> AddressState {
    use netbsd::*;
    match ip {
        IpAddr::V4(_) => AddressState {
            tentative: flags & IN_IFF_TENTATIVE != 0,
            failed: flags & (IN_IFF_DUPLICATED | IN_IFF_DETACHED) != 0,
            ..AddressState::default()
        },
        IpAddr::V6(_) => AddressState {
            tentative: flags & IN6_IFF_TENTATIVE != 0,
            failed: flags & (IN6_IFF_DUPLICATED | IN6_IFF_DETACHED) != 0,
            deprecated: flags & IN6_IFF_DEPRECATED != 0,
            secondary: flags & IN6_IFF_TEMPORARY != 0,
        },
    }
}

/// Linux: the flags of an IPv6 address in `/proc/net/if_inet6`.
#[must_use]
pub fn of_linux(flags: u32) -> AddressState {
    use linux::*;
    AddressState {
        tentative: flags & IFA_F_TENTATIVE != 0,
        failed: flags & IFA_F_DADFAILED != 0,
        deprecated: flags & IFA_F_DEPRECATED != 0,
        secondary: flags & IFA_F_TEMPORARY != 0,
    }
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
    use super::*;

    const STATES: [AddressState; 5] = {
        let none =
            AddressState { tentative: false, failed: false, deprecated: false, secondary: false };
        [
            AddressState { tentative: true, ..none },
            AddressState { failed: true, ..none },
            AddressState { failed: true, ..none },
            AddressState { deprecated: true, ..none },
            AddressState { secondary: true, ..none },
        ]
    };

    #[test]
    fn each_ipv6_flag_of_the_bsds_is_one_state() {
        let ip = "2001:db8::1".parse().unwrap();
        for (flags, state) in [2, 4, 8, 0x10, 0x80].into_iter().zip(STATES) {
            assert_eq!(of_freebsd(flags, 0), state, "FreeBSD {flags:#x}");
            assert_eq!(of_netbsd(ip, flags), state, "NetBSD {flags:#x}");
        }
        // ANYCAST, NODAD and AUTOCONF do not affect the preference.
        assert_eq!(of_freebsd(0x1 | 0x20 | 0x40, 0), AddressState::default());
    }

    #[test]
    fn netbsds_ipv4_flags_are_one_bit_lower() {
        let ip = [192, 0, 2, 1].into();
        for (flags, state) in [1, 2, 4].into_iter().zip(STATES) {
            assert_eq!(of_netbsd(ip, flags), state, "{flags:#x}");
        }
    }

    #[test]
    fn carp_address_is_secondary() {
        assert_eq!(of_freebsd(0, 7), STATES[4]);
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
