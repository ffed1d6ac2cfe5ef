//! NetBSD's numbers, the same on all its 64-bit systems since NetBSD 9.

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
    "net/if_dl.h",
    "net/if_ether.h",
    "net/if_vlanvar.h",
    "netinet/in.h",
    "netinet/in_var.h",
    "netinet6/in6_var.h",
    "uvm/uvm_extern.h",
    "ifaddrs.h",
];

constants! {
    /// IPv6 addresses.
    AF_INET6: u8 = 24, "AF_INET6";
    /// Link-layer addresses.
    AF_LINK: u8 = 18, "AF_LINK";
    /// The route socket.
    PF_ROUTE: i32 = 34, "PF_ROUTE";
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
    /// Of a link: the interface's index, two bytes.
    SDL_INDEX: usize = 2, "offsetof(struct sockaddr_dl, sdl_index)";
    /// Of a link: bytes of the name.
    SDL_NLEN: usize = 5, "offsetof(struct sockaddr_dl, sdl_nlen)";
    /// Of a link: bytes of the address, which follows the name.
    SDL_ALEN: usize = 6, "offsetof(struct sockaddr_dl, sdl_alen)";
    /// Of a link: the name, then the address.
    SDL_DATA: usize = 8, "offsetof(struct sockaddr_dl, sdl_data)";

    /// Size of an entry of getifaddrs(3).
    IFADDRS: usize = 64, "sizeof(struct ifaddrs)";
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
    /// In it: the address's own flags.
    IFA_ADDRFLAGS: usize = 56, "offsetof(struct ifaddrs, ifa_addrflags)";

    /// IPv4: duplicate address detection runs.
    IN_IFF_TENTATIVE: u32 = 1, "IN_IFF_TENTATIVE";
    /// IPv4: another machine has the address.
    IN_IFF_DUPLICATED: u32 = 2, "IN_IFF_DUPLICATED";
    /// IPv4: the address may belong to another link.
    IN_IFF_DETACHED: u32 = 4, "IN_IFF_DETACHED";
    /// IPv6: duplicate address detection runs.
    IN6_IFF_TENTATIVE: u32 = 2, "IN6_IFF_TENTATIVE";
    /// IPv6: another machine has the address.
    IN6_IFF_DUPLICATED: u32 = 4, "IN6_IFF_DUPLICATED";
    /// IPv6: the address may belong to another link.
    IN6_IFF_DETACHED: u32 = 8, "IN6_IFF_DETACHED";
    /// IPv6: the preferred lifetime is over.
    IN6_IFF_DEPRECATED: u32 = 0x10, "IN6_IFF_DEPRECATED";
    /// IPv6: a temporary address (RFC 8981).
    IN6_IFF_TEMPORARY: u32 = 0x80, "IN6_IFF_TEMPORARY";

    /// Requests the parent of a VLAN.
    SIOCGETVLAN: u64 = 0xc090_693a, "SIOCGETVLAN";
    /// Size of its argument.
    IFREQ: usize = 144, "sizeof(struct ifreq)";
    /// In it: the pointer to the answer.
    IFR_DATA: usize = 16, "offsetof(struct ifreq, ifr_data)";
    /// Size of the answer.
    VLANREQ: usize = 18, "sizeof(struct vlanreq)";
    /// In it: the parent's name.
    VLR_PARENT: usize = 0, "offsetof(struct vlanreq, vlr_parent)";

    /// sysctl(3): the virtual memory.
    CTL_VM: i32 = 2, "CTL_VM";
    /// sysctl(3): its counters.
    VM_UVMEXP2: i32 = 5, "VM_UVMEXP2";
    /// Size of the counters, of which newer systems have more.
    UVMEXP: usize = 712, "sizeof(struct uvmexp_sysctl)";
    /// In them: bytes of a page.
    UVMEXP_PAGESIZE: usize = 0, "offsetof(struct uvmexp_sysctl, pagesize)";
    /// In them: pages that the kernel manages.
    UVMEXP_NPAGES: usize = 24, "offsetof(struct uvmexp_sysctl, npages)";
    /// In them: pages that are free.
    UVMEXP_FREE: usize = 32, "offsetof(struct uvmexp_sysctl, free)";
    /// In them: pages that cache files.
    UVMEXP_FILEPAGES: usize = 576, "offsetof(struct uvmexp_sysctl, filepages)";
    /// In them: pages that cache programs.
    UVMEXP_EXECPAGES: usize = 584, "offsetof(struct uvmexp_sysctl, execpages)";
}
