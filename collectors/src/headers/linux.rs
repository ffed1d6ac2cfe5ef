//! Linux's numbers, for the test build of the portable network collector.

use super::constants;

/// What the C expressions need.
pub const INCLUDES: &[&str] = &[
    "sys/socket.h",
    "sys/ioctl.h",
    "net/if.h",
    "netinet/in.h",
    "netpacket/packet.h",
    "linux/sockios.h",
    "linux/if_addr.h",
    "linux/if_bridge.h",
    "ifaddrs.h",
];

constants! {
    /// IPv6 addresses.
    AF_INET6: u8 = 10, "AF_INET6";
    /// Link-layer addresses.
    AF_PACKET: u8 = 17, "AF_PACKET";
    /// The interface is up.
    IFF_UP: u32 = 1, "IFF_UP";
    /// The interface is the loopback.
    IFF_LOOPBACK: u32 = 8, "IFF_LOOPBACK";
    /// Bytes of an interface's name, its NUL among them.
    IFNAMSIZ: usize = 16, "IFNAMSIZ";

    /// Of each address: its family, two bytes.
    SA_FAMILY: usize = 0, "offsetof(struct sockaddr, sa_family)";
    /// Size of an IPv4 address with its family and port.
    SOCKADDR_IN: usize = 16, "sizeof(struct sockaddr_in)";
    /// The four bytes of an IPv4 address.
    SIN_ADDR: usize = 4, "offsetof(struct sockaddr_in, sin_addr)";
    /// Size of an IPv6 address with its family and port.
    SOCKADDR_IN6: usize = 28, "sizeof(struct sockaddr_in6)";
    /// The sixteen bytes of an IPv6 address.
    SIN6_ADDR: usize = 8, "offsetof(struct sockaddr_in6, sin6_addr)";
    /// Size of a link's address.
    SOCKADDR_LL: usize = 20, "sizeof(struct sockaddr_ll)";
    /// Of a link: the interface's index, four bytes.
    SLL_IFINDEX: usize = 4, "offsetof(struct sockaddr_ll, sll_ifindex)";
    /// Of a link: bytes of the address.
    SLL_HALEN: usize = 11, "offsetof(struct sockaddr_ll, sll_halen)";
    /// Of a link: the address.
    SLL_ADDR: usize = 12, "offsetof(struct sockaddr_ll, sll_addr)";

    /// Size of an entry of getifaddrs(3).
    IFADDRS: usize = 56, "sizeof(struct ifaddrs)";
    /// In it: the next one.
    IFA_NEXT: usize = 0, "offsetof(struct ifaddrs, ifa_next)";
    /// In it: the interface's name.
    IFA_NAME: usize = 8, "offsetof(struct ifaddrs, ifa_name)";
    /// In it: the interface's flags.
    IFA_FLAGS: usize = 16, "offsetof(struct ifaddrs, ifa_flags)";
    /// In it: the address.
    IFA_ADDR: usize = 24, "offsetof(struct ifaddrs, ifa_addr)";
    /// In it: the netmask.
    IFA_NETMASK: usize = 32, "offsetof(struct ifaddrs, ifa_netmask)";
    /// In it: the statistics of a link.
    IFA_DATA: usize = 48, "offsetof(struct ifaddrs, ifa_data)";

    /// A temporary address (RFC 8981).
    IFA_F_TEMPORARY: u32 = 1, "IFA_F_TEMPORARY";
    /// Another machine has the address.
    IFA_F_DADFAILED: u32 = 8, "IFA_F_DADFAILED";
    /// The preferred lifetime is over.
    IFA_F_DEPRECATED: u32 = 0x20, "IFA_F_DEPRECATED";
    /// Duplicate address detection runs.
    IFA_F_TENTATIVE: u32 = 0x40, "IFA_F_TENTATIVE";

    /// A request that only this driver has.
    SIOCDEVPRIVATE: u64 = 0x89f0, "SIOCDEVPRIVATE";
    /// Requests the members of a bridge.
    BRCTL_GET_PORT_LIST: usize = 7, "BRCTL_GET_PORT_LIST";
    /// Size of the argument of both.
    IFREQ: usize = 40, "sizeof(struct ifreq)";
    /// In it: the pointer to the request.
    IFR_DATA: usize = 16, "offsetof(struct ifreq, ifr_data)";
}
