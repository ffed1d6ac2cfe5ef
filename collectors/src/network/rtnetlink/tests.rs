//! Messages as the kernel lays them out, and bytes that no kernel should send.

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

fn kinds(bytes: &[u8]) -> Vec<Result<Kind, Malformed>> {
    messages(bytes).map(|message| message.map(|message| message.kind)).collect()
}

fn one_address(body: &[u8]) -> Result<Kind, Malformed> {
    kinds(&message(ADDRESS, 0, body)).remove(0)
}

fn vif() -> Vec<u8> {
    let attributes = [
        attribute(IFLA_IFNAME, b"enX0\0"),
        attribute(IFLA_ADDRESS, &[0, 0x16, 0x3e, 1, 2, 3]),
        attribute(IFLA_PERM_ADDRESS, &[0, 0x16, 0x3e, 4, 5, 6]),
        attribute(IFLA_PARENT_DEV_NAME, b"vif-0\0"),
        attribute(IFLA_PARENT_DEV_BUS_NAME, b"xen\0"),
        attribute(99 | 0x8000, b"what is not known is passed over"),
    ];
    message(LINK, 0, &link_body(AF_UNSPEC, &attributes))
}

#[test]
fn a_link_tells_its_name_mac_and_parent() {
    let expected = Link {
        index: 3,
        up: true,
        loopback: false,
        name: b"enX0".to_vec(),
        mac: Some(Mac([0, 0x16, 0x3e, 1, 2, 3])),
        permanent: Some(Mac([0, 0x16, 0x3e, 4, 5, 6])),
        parent: Some(Parent { bus: b"xen".to_vec(), device: b"vif-0".to_vec() }),
        ..Link::default()
    };
    assert_eq!(kinds(&vif()), [Ok(Kind::Link(expected))]);
}

#[test]
fn a_bridge_losing_a_port_is_not_the_end_of_the_link() {
    const AF_BRIDGE: u8 = 7;
    let gone = message(RTM_DELLINK, 0, &link_body(AF_BRIDGE, &[]));
    assert_eq!(kinds(&gone), [Ok(Kind::Other)]);
    let gone = message(RTM_DELLINK, 0, &link_body(AF_UNSPEC, &[]));
    assert_eq!(kinds(&gone), [Ok(Kind::DelLink(3))]);
}

#[test]
fn a_wireless_event_does_not_describe_the_link() {
    let event =
        link_body(AF_UNSPEC, &[attribute(IFLA_IFNAME, b"w\0"), attribute(IFLA_WIRELESS, &[])]);
    assert_eq!(kinds(&message(LINK, 0, &event)), [Ok(Kind::Other)]);
}

#[test]
fn on_a_point_to_point_link_the_address_is_the_local_one() {
    let attributes =
        [attribute(IFA_ADDRESS, &[192, 0, 2, 1]), attribute(IFA_LOCAL, &[192, 0, 2, 2])];
    let Ok(Kind::Address(address)) = one_address(&address_body(32, 0, &attributes)) else {
        panic!()
    };
    assert_eq!(address.ip, IpAddr::from([192, 0, 2, 2]));
}

#[test]
fn the_wide_flags_count_more_than_those_of_the_header() {
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
        let Ok(Kind::Address(address)) = one_address(&body) else { panic!() };
        let rank = Rank { deprecated, secondary, ..Rank::default() };
        assert_eq!((address.usable, address.rank), (usable, rank), "{flags:x}");
    }
}

#[test]
fn an_address_that_makes_no_sense_is_malformed() {
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
fn a_dump_says_how_it_ended() {
    let refused = |errno: i32| message(NLMSG_ERROR, 0, &(-errno).to_ne_bytes());
    let done = |errno: i32| message(NLMSG_DONE, 2, &(-errno).to_ne_bytes());
    assert_eq!(
        kinds(&[done(0), refused(1), done(12)].concat()),
        [Ok(Kind::Done), Ok(Kind::Refused(1)), Ok(Kind::Refused(12))]
    );
    let overtaken = message(NLMSG_DONE, NLM_F_DUMP_INTR, &[]);
    assert!(messages(&overtaken).all(|message| message.unwrap().interrupted));
}

#[test]
fn messages_cut_or_changed_anywhere_are_read_without_harm() {
    let whole =
        [vif(), message(ADDRESS, 0, &address_body(24, 0, &[attribute(IFA_LOCAL, &[1, 2, 3, 4])]))]
            .concat();
    assert_eq!(kinds(&whole).len(), 2);
    for end in 0..whole.len() {
        let _ = kinds(&whole[..end]);
        for byte in [0, 1, 3, 0x7f, 0xff] {
            let mut changed = whole.clone();
            changed[end] = byte;
            assert!(kinds(&changed).len() <= whole.len() / 16);
        }
    }
}

#[test]
fn a_message_of_no_length_ends_the_datagram() {
    assert_eq!(kinds(&[0; 32]), [Err(Malformed { kind: 0 })]);
}

fn route_body(kind: u8, source: [u8; 4]) -> Vec<u8> {
    let mut body = vec![AF_INET, 32, 0, 0, 254, 0, 0, kind, 0, 0, 0, 0];
    body.extend(attribute(RTA_PREFSRC, &source));
    body
}

// Kernel 4.4 names a source address in its answer that there is no route to an IPv6 destination.
#[test]
fn unreachable_route_has_no_source_address() {
    const RTN_UNREACHABLE: u8 = 7;
    let source = |kind| kinds(&message(RTM_NEWROUTE, 0, &route_body(kind, [192, 0, 2, 1])));
    assert_eq!(source(RTN_UNICAST), [Ok(Kind::Route(Some(Ipv4Addr::new(192, 0, 2, 1).into())))]);
    assert_eq!(source(RTN_UNREACHABLE), [Ok(Kind::Route(None))]);
}
