//! FreeBSD's numbers, the same on all its 64-bit systems since FreeBSD 12.

use super::constants;

/// What the C expressions need.
pub const INCLUDES: &[&str] = &[
    "sys/param.h",
    "sys/types.h",
    "sys/socket.h",
    "sys/sysctl.h",
    "sys/ioctl.h",
    "sys/sockio.h",
    "net/if.h",
    "net/ethernet.h",
    "net/if_dl.h",
    "net/if_mib.h",
    "net/if_types.h",
    "net/if_vlan_var.h",
    "net/if_bridgevar.h",
    "netinet/in.h",
    "netinet6/in6_var.h",
    "ifaddrs.h",
];

constants! {
    /// IPv6 addresses.
    AF_INET6: u8 = 28, "AF_INET6";
    /// Link-layer addresses.
    AF_LINK: u8 = 18, "AF_LINK";
    /// The route socket.
    PF_ROUTE: i32 = 17, "PF_ROUTE";
    /// The interface is up.
    IFF_UP: u32 = 1, "IFF_UP";
    /// The interface is the loopback.
    IFF_LOOPBACK: u32 = 8, "IFF_LOOPBACK";
    /// Bytes of an interface's name, its NUL among them.
    IFNAMSIZ: usize = 16, "IFNAMSIZ";

    /// Of each address: its length in bytes.
    SA_LEN: usize = 0, "offsetof(struct sockaddr, sa_len)";
    /// Of each address: its family.
    SA_FAMILY: usize = 1, "offsetof(struct sockaddr, sa_family)";
    /// The four bytes of an IPv4 address.
    SIN_ADDR: usize = 4, "offsetof(struct sockaddr_in, sin_addr)";
    /// The sixteen bytes of an IPv6 address.
    SIN6_ADDR: usize = 8, "offsetof(struct sockaddr_in6, sin6_addr)";
    /// Size of an IPv6 address with its family and port.
    SOCKADDR_IN6: usize = 28, "sizeof(struct sockaddr_in6)";
    /// Of a link: the interface's index, two bytes.
    SDL_INDEX: usize = 2, "offsetof(struct sockaddr_dl, sdl_index)";
    /// Of a link: bytes of the name.
    SDL_NLEN: usize = 5, "offsetof(struct sockaddr_dl, sdl_nlen)";
    /// Of a link: bytes of the address, which follows the name.
    SDL_ALEN: usize = 6, "offsetof(struct sockaddr_dl, sdl_alen)";
    /// Of a link: the name, then the address.
    SDL_DATA: usize = 8, "offsetof(struct sockaddr_dl, sdl_data)";

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
    /// In it: an `if_data`.
    IFA_DATA: usize = 48, "offsetof(struct ifaddrs, ifa_data)";
    /// Of an `if_data`: the type of the interface.
    IFI_TYPE: usize = 0, "offsetof(struct if_data, ifi_type)";
    /// Of an `if_data`: the CARP group of an address.
    IFI_VHID: usize = 5, "offsetof(struct if_data, ifi_vhid)";
    /// A VLAN.
    IFT_L2VLAN: u8 = 135, "IFT_L2VLAN";
    /// A bridge.
    IFT_BRIDGE: u8 = 209, "IFT_BRIDGE";

    /// Requests the flags of an IPv6 address.
    SIOCGIFAFLAG_IN6: u64 = 0xc120_6949, "SIOCGIFAFLAG_IN6";
    /// Size of its argument.
    IN6_IFREQ: usize = 288, "sizeof(struct in6_ifreq)";
    /// In it: first the address, then the flags.
    IFR_IFRU: usize = 16, "offsetof(struct in6_ifreq, ifr_ifru)";
    /// Duplicate address detection runs.
    IN6_IFF_TENTATIVE: u32 = 2, "IN6_IFF_TENTATIVE";
    /// Another machine has the address.
    IN6_IFF_DUPLICATED: u32 = 4, "IN6_IFF_DUPLICATED";
    /// The address may belong to another link.
    IN6_IFF_DETACHED: u32 = 8, "IN6_IFF_DETACHED";
    /// The preferred lifetime is over.
    IN6_IFF_DEPRECATED: u32 = 0x10, "IN6_IFF_DEPRECATED";
    /// A temporary address (RFC 8981).
    IN6_IFF_TEMPORARY: u32 = 0x80, "IN6_IFF_TEMPORARY";

    /// Requests the parent of a VLAN.
    SIOCGETVLAN: u64 = 0xc020_693a, "SIOCGETVLAN";
    /// Size of its argument.
    IFREQ: usize = 32, "sizeof(struct ifreq)";
    /// In it: the pointer to the answer.
    IFR_DATA: usize = 16, "offsetof(struct ifreq, ifr_data)";
    /// Size of the answer.
    VLANREQ: usize = 20, "sizeof(struct vlanreq)";
    /// In it: the parent's name.
    VLR_PARENT: usize = 0, "offsetof(struct vlanreq, vlr_parent)";

    /// A request that only this driver has.
    SIOCGDRVSPEC: u64 = 0xc028_697b, "SIOCGDRVSPEC";
    /// Size of its argument.
    IFDRV: usize = 40, "sizeof(struct ifdrv)";
    /// In it: the number of the request.
    IFD_CMD: usize = 16, "offsetof(struct ifdrv, ifd_cmd)";
    /// In it: the size of what follows.
    IFD_LEN: usize = 24, "offsetof(struct ifdrv, ifd_len)";
    /// In it: the pointer to that.
    IFD_DATA: usize = 32, "offsetof(struct ifdrv, ifd_data)";
    /// Requests the members of a bridge.
    BRDGGIFS: u64 = 6, "BRDGGIFS";
    /// Size of its argument.
    IFBIFCONF: usize = 16, "sizeof(struct ifbifconf)";
    /// In it: the size of the answer.
    IFBIC_LEN: usize = 0, "offsetof(struct ifbifconf, ifbic_len)";
    /// In it: the pointer to the answer.
    IFBIC_BUF: usize = 8, "offsetof(struct ifbifconf, ifbic_buf)";
    /// Size of one member in the answer.
    IFBREQ: usize = 80, "sizeof(struct ifbreq)";
    /// In it: the member's name.
    IFBR_IFSNAME: usize = 0, "offsetof(struct ifbreq, ifbr_ifsname)";

    /// sysctl(3): the network.
    CTL_NET: i32 = 4, "CTL_NET";
    /// sysctl(3): its interfaces.
    PF_LINK: i32 = 18, "PF_LINK";
    /// sysctl(3): properties of all types of interfaces.
    NETLINK_GENERIC: i32 = 0, "NETLINK_GENERIC";
    /// sysctl(3): one of them.
    IFMIB_IFDATA: i32 = 2, "IFMIB_IFDATA";
    /// sysctl(3): its driver and unit.
    IFDATA_DRIVERNAME: i32 = 3, "IFDATA_DRIVERNAME";
}
