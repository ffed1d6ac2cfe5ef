//! The source addresses of the default routes: the kernel chooses one when a UDP socket is connected to an
//! address that only a default route reaches. Nothing is sent.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Addresses that only a default route leads to: 6to4's anycast address, which is unused since
/// RFC 7526, and the first of IPv6's global ones, which is not assigned.
const FAR_AWAY: [(IpAddr, IpAddr); 2] = [
    (IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V4(Ipv4Addr::new(192, 88, 99, 1))),
    (IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0))),
];
/// The port of the discard service.
const PORT: u16 = 9;

/// The source address of each default route that exists.
pub fn sources() -> Vec<IpAddr> {
    FAR_AWAY.iter().filter_map(|&(any, far)| source(any, far)).collect()
}

fn source(any: IpAddr, far: IpAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).ok()?;
    socket.connect(SocketAddr::new(far, PORT)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}
