//! Parses socket addresses from the bytes of getifaddrs(3). No I/O.
//!
//! The layout is a parameter, so that every host tests that of every system. A length in the bytes is limited by
//! the number of bytes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use facts::Mac;

use crate::headers::{freebsd, linux, netbsd};

/// The family of IPv4 addresses, the same on all systems.
const AF_INET: u16 = 2;

/// A system's layout of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// FreeBSD: a length and a family; `sockaddr_dl`.
    FreeBsd,
    /// NetBSD: the same with other family numbers.
    NetBsd,
    /// Linux: a family of two bytes, no length; `sockaddr_ll`.
    Linux,
}

/// An address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sockaddr {
    /// The link-layer address of an interface.
    Link {
        /// Its index.
        index: u32,
        /// Its Ethernet address, if it has one.
        mac: Option<Mac>,
    },
    /// An IP address.
    Ip(IpAddr),
}

impl Layout {
    /// The length in bytes of the address that begins with these two bytes.
    #[must_use]
    pub fn length(self, start: [u8; 2]) -> usize {
        match (self, u16::from_ne_bytes(start)) {
            (Self::FreeBsd | Self::NetBsd, _) => start[0].into(),
            (Self::Linux, AF_INET) => linux::SOCKADDR_IN,
            (Self::Linux, family) if family == linux::AF_INET6.into() => linux::SOCKADDR_IN6,
            (Self::Linux, family) if family == linux::AF_PACKET.into() => linux::SOCKADDR_LL,
            (Self::Linux, _) => 0,
        }
    }

    /// The address in `bytes`; `None` if it has another family or is too short.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Option<Sockaddr> {
        let bytes = bytes.get(..self.length(start(bytes)?))?;
        let family = self.family(bytes)?;
        if family == AF_INET {
            let octets: [u8; 4] = array(bytes, linux::SIN_ADDR)?;
            return Some(Sockaddr::Ip(Ipv4Addr::from(octets).into()));
        }
        if family == self.inet6() {
            let octets = array(bytes, linux::SIN6_ADDR)?;
            return Some(Sockaddr::Ip(self.without_scope(octets).into()));
        }
        (family == self.link()).then(|| self.decode_link(bytes))?
    }

    fn decode_link(self, bytes: &[u8]) -> Option<Sockaddr> {
        let byte = |at: usize| bytes.get(at).copied().map(usize::from);
        if self == Self::Linux {
            let index = u32::from_ne_bytes(array(bytes, linux::SLL_IFINDEX)?);
            let is_mac = byte(linux::SLL_HALEN)? == 6;
            let mac = is_mac.then(|| array(bytes, linux::SLL_ADDR)).flatten().map(Mac);
            return Some(Sockaddr::Link { index, mac });
        }
        let index = u16::from_ne_bytes(array(bytes, freebsd::SDL_INDEX)?).into();
        let is_mac = byte(freebsd::SDL_ALEN)? == 6;
        let address = freebsd::SDL_DATA + byte(freebsd::SDL_NLEN)?;
        let mac = is_mac.then(|| array(bytes, address)).flatten().map(Mac);
        Some(Sockaddr::Link { index, mac })
    }

    /// The number of bits of a netmask. The kernel leaves out zeros at its end, and often the family; no mask means
    /// that of one host.
    #[must_use]
    pub fn prefix(self, ip: IpAddr, netmask: Option<&[u8]>) -> u8 {
        let (at, whole) = match ip {
            IpAddr::V4(_) => (linux::SIN_ADDR, 4),
            IpAddr::V6(_) => (linux::SIN6_ADDR, 16),
        };
        let Some(mask) = netmask else { return whole * 8 };
        let length = start(mask).map_or(0, |start| self.length(start)).min(mask.len());
        let mask = mask.get(at..length).unwrap_or_default().iter().take(whole.into());
        let mut bits = 0;
        for byte in mask {
            bits += byte.leading_ones() as u8;
            if *byte != u8::MAX {
                break;
            }
        }
        bits
    }

    fn family(self, bytes: &[u8]) -> Option<u16> {
        match self {
            Self::FreeBsd | Self::NetBsd => bytes.get(freebsd::SA_FAMILY).copied().map(u16::from),
            Self::Linux => start(bytes).map(u16::from_ne_bytes),
        }
    }

    fn inet6(self) -> u16 {
        match self {
            Self::FreeBsd => freebsd::AF_INET6.into(),
            Self::NetBsd => netbsd::AF_INET6.into(),
            Self::Linux => linux::AF_INET6.into(),
        }
    }

    fn link(self) -> u16 {
        match self {
            Self::FreeBsd => freebsd::AF_LINK.into(),
            Self::NetBsd => netbsd::AF_LINK.into(),
            Self::Linux => linux::AF_PACKET.into(),
        }
    }

    /// Kernels with the IPv6 stack of KAME store the interface index in a link-local address.
    fn without_scope(self, mut octets: [u8; 16]) -> Ipv6Addr {
        if self != Self::Linux && Ipv6Addr::from(octets).is_unicast_link_local() {
            octets[2..4].fill(0);
        }
        octets.into()
    }
}

/// Checks that these numbers are the same on both BSDs.
const _: () = assert!(
    freebsd::SDL_INDEX == netbsd::SDL_INDEX
        && freebsd::SDL_NLEN == netbsd::SDL_NLEN
        && freebsd::SDL_ALEN == netbsd::SDL_ALEN
        && freebsd::SDL_DATA == netbsd::SDL_DATA
        && freebsd::SA_LEN == 0
        && netbsd::SA_LEN == 0
        && freebsd::SA_FAMILY == netbsd::SA_FAMILY
        && linux::SA_FAMILY == 0
        && linux::SIN_ADDR == freebsd::SIN_ADDR
        && linux::SIN_ADDR == netbsd::SIN_ADDR
        && linux::SIN6_ADDR == freebsd::SIN6_ADDR
        && linux::SIN6_ADDR == netbsd::SIN6_ADDR
);

fn start(bytes: &[u8]) -> Option<[u8; 2]> {
    array(bytes, 0)
}

fn array<const LENGTH: usize>(bytes: &[u8], at: usize) -> Option<[u8; LENGTH]> {
    bytes.get(at..at + LENGTH)?.try_into().ok()
}

#[cfg(test)]
mod tests;
