//! The source addresses of the default routes: the kernel chooses one when a UDP socket is connected to an
//! address that only a default route reaches. Nothing is sent.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::network::ROUTE_PROBES;

/// The port of the discard service.
const PORT: u16 = 9;

/// The source address of each default route that exists.
pub fn sources() -> Vec<IpAddr> {
    ROUTE_PROBES.into_iter().filter_map(source).collect()
}

fn source(destination: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = match destination {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).ok()?;
    socket.connect(SocketAddr::new(destination, PORT)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}
