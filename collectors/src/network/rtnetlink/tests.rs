//! Messages as the kernel sends them, and malformed ones.

use super::*;

const LINK: u16 = RTM_NEWLINK;
const ADDRESS: u16 = RTM_NEWADDR;

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend((4 + value.len() as u16).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn message(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend((16 + body.len() as u32).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(7_u32.to_ne_bytes());
    bytes.extend(0_u32.to_ne_bytes());
    bytes.extend(body);
    bytes
}

fn link_body(family: u8, attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut body = vec![family, 0, 1, 0];
    body.extend(3_u32.to_ne_bytes());
    body.extend(IFF_UP.to_ne_bytes());
    body.extend(0_u32.to_ne_bytes());
    body.extend(attributes.concat());
    body
}

fn address_body(prefix: u8, flags: u8, attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut body = vec![AF_INET, prefix, flags, 0];
    body.extend(3_u32.to_ne_bytes());
    body.extend(attributes.concat());
    body
}

fn payloads(bytes: &[u8]) -> Vec<Result<Payload, Malformed>> {
    messages(bytes).map(|message| message.map(|message| message.payload)).collect()
}

fn one_address(body: &[u8]) -> Result<Payload, Malformed> {
    payloads(&message(ADDRESS, 0, body)).remove(0)
}

fn vif() -> Vec<u8> {
    let attributes = [
        attribute(IFLA_IFNAME, b"enX0\0"),
        attribute(IFLA_ADDRESS, &[0, 0x16, 0x3e, 1, 2, 3]),
        attribute(IFLA_PERM_ADDRESS, &[0, 0x16, 0x3e, 4, 5, 6]),
        attribute(IFLA_PARENT_DEV_NAME, b"vif-0\0"),
        attribute(IFLA_PARENT_DEV_BUS_NAME, b"xen\0"),
        attribute(99 | 0x8000, b"an attribute of unknown type"),
    ];
    message(LINK, 0, &link_body(AF_UNSPEC, &attributes))
}

#[test]
fn link_has_name_macs_and_parent() {
    let expected = Link {
        index: 3,
        up: true,
        loopback: false,
        name: b"enX0".to_vec(),
        mac: Some(Mac([0, 0x16, 0x3e, 1, 2, 3])),
        perm_mac: Some(Mac([0, 0x16, 0x3e, 4, 5, 6])),
        parent: Some(Parent { bus: b"xen".to_vec(), device: b"vif-0".to_vec() }),
        ..Link::default()
    };
    assert_eq!(payloads(&vif()), [Ok(Payload::Link(expected))]);
}

#[test]
fn port_of_a_bridge_is_not_a_link() {
    const AF_BRIDGE: u8 = 7;
    let port = message(LINK, 0, &link_body(AF_BRIDGE, &[]));
    assert_eq!(payloads(&port), [Ok(Payload::Other)]);
}

#[test]
fn ifa_local_is_the_address_not_ifa_address() {
    let attributes =
        [attribute(IFA_ADDRESS, &[192, 0, 2, 1]), attribute(IFA_LOCAL, &[192, 0, 2, 2])];
    let Ok(Payload::Address(address)) = one_address(&address_body(32, 0, &attributes)) else {
        panic!()
    };
    assert_eq!(address.ip, IpAddr::from([192, 0, 2, 2]));
}

#[test]
fn ifa_flags_overrides_flags_of_the_header() {
    let ip = attribute(IFA_ADDRESS, &[192, 0, 2, 1]);
    for (flags, usable, deprecated, secondary) in [
        (0, true, false, false),
        (IFA_F_TENTATIVE, false, false, false),
        (IFA_F_DADFAILED | IFA_F_TENTATIVE, false, false, false),
        (IFA_F_DEPRECATED, true, true, false),
        (IFA_F_SECONDARY | 0x100, true, false, true),
    ] {
        let body =
            address_body(24, 0x40, &[ip.clone(), attribute(IFA_FLAGS, &flags.to_ne_bytes())]);
        let Ok(Payload::Address(address)) = one_address(&body) else { panic!() };
        let preference =
            AddressPreference { deprecated, secondary, ..AddressPreference::default() };
        assert_eq!((address.usable, address.preference), (usable, preference), "{flags:x}");
        assert_eq!(address.failed, flags & IFA_F_DADFAILED != 0, "{flags:x}");
    }
}

#[test]
fn address_with_wrong_length_or_prefix_is_malformed() {
    let ip = attribute(IFA_ADDRESS, &[192, 0, 2, 1]);
    for body in [
        address_body(33, 0, std::slice::from_ref(&ip)),
        address_body(24, 0, &[]),
        address_body(24, 0, &[attribute(IFA_ADDRESS, &[1; 16])]),
        address_body(24, 0, &[ip, vec![3, 0, 0, 0]]),
        vec![AF_INET],
    ] {
        assert_eq!(one_address(&body), Err(Malformed { kind: ADDRESS }));
    }
}

#[test]
fn done_and_error_carry_the_errno() {
    let refused = |errno: i32| message(NLMSG_ERROR, 0, &(-errno).to_ne_bytes());
    let done = |errno: i32| message(NLMSG_DONE, 2, &(-errno).to_ne_bytes());
    assert_eq!(
        payloads(&[done(0), refused(1), done(12)].concat()),
        [Ok(Payload::Done), Ok(Payload::Error(1)), Ok(Payload::Error(12))]
    );
    let interrupted = message(NLMSG_DONE, NLM_F_DUMP_INTR, &[]);
    assert!(messages(&interrupted).all(|message| message.unwrap().interrupted));
}

#[test]
fn cut_or_changed_messages_are_parsed_without_panic() {
    let whole =
        [vif(), message(ADDRESS, 0, &address_body(24, 0, &[attribute(IFA_LOCAL, &[1, 2, 3, 4])]))]
            .concat();
    assert_eq!(payloads(&whole).len(), 2);
    for end in 0..whole.len() {
        let _ = payloads(&whole[..end]);
        for byte in [0, 1, 3, 0x7f, 0xff] {
            let mut changed = whole.clone();
            changed[end] = byte;
            assert!(payloads(&changed).len() <= whole.len() / 16);
        }
    }
}

#[test]
fn message_of_length_zero_ends_the_datagram() {
    assert_eq!(payloads(&[0; 32]), [Err(Malformed { kind: 0 })]);
}

fn route_body(kind: u8, source: [u8; 4]) -> Vec<u8> {
    let mut body = vec![AF_INET, 32, 0, 0, 254, 0, 0, kind, 0, 0, 0, 0];
    body.extend(attribute(RTA_PREFSRC, &source));
    body
}

// Kernel 4.4 puts a source address into its answer that there is no route to an IPv6 destination.
#[test]
fn unreachable_route_has_no_source_address() {
    const RTN_UNREACHABLE: u8 = 7;
    let source = |kind| payloads(&message(RTM_NEWROUTE, 0, &route_body(kind, [192, 0, 2, 1])));
    assert_eq!(source(RTN_UNICAST), [Ok(Payload::Route(Some(Ipv4Addr::new(192, 0, 2, 1).into())))]);
    assert_eq!(source(RTN_UNREACHABLE), [Ok(Payload::Route(None))]);
}
