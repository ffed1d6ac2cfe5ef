//! rtnetlink: parser, link table and keys. The input is a stream of datagrams, each after its length (two
//! bytes, little-endian).

#![no_main]

use collectors::network::link_table::Table;
use collectors::network::rtnetlink::{Address, Malformed, Message, Payload, messages};
use collectors::network::{AddressKey, Exclude, vif};
use facts::Network;
use libfuzzer_sys::fuzz_target;
use publishers::guest_state::GuestState;

fuzz_target!(|input: &[u8]| {
    let mut received = Vec::new();
    let (cut, mut rest) = input.split_at(input.len().min(1));
    while let [low, high, stream @ ..] = rest {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(stream.len());
        let (datagram, after) = stream.split_at(length);
        rest = after;
        received.extend(read(datagram, cut.first().map_or(0, |&cut| usize::from(cut))));
    }
    let network = apply_all(&received, 1);
    assert_eq!(network, apply_all(&received, 2), "a message that comes twice changes nothing");
    check(&network, &received);
    xen_guest_agent_fuzz::check_all(&GuestState {
        network: Some(network),
        ..GuestState::default()
    });
});

/// The messages of a datagram. Checks that a part of it gives the same messages up to its end.
fn read(datagram: &[u8], cut: usize) -> Vec<Message> {
    let whole: Vec<Result<Message, Malformed>> = messages(datagram).collect();
    assert!(whole.len() <= datagram.len() / 16 + 1);
    let part = datagram.split_at(datagram.len() * cut / 256).0;
    let part: Vec<_> = messages(part).collect();
    let same = part.iter().zip(&whole).take_while(|(a, b)| a == b).count();
    let end: Vec<_> = part.iter().skip(same).collect();
    assert!(matches!(end.as_slice(), [] | [Err(_)]), "{part:?}, not {whole:?}");
    whole.into_iter().flatten().collect()
}

/// The network as the collector sends it. Each message is applied so many times.
fn apply_all(received: &[Message], times: usize) -> Network {
    let (mut table, mut sources) = (Table::default(), Vec::new());
    for message in received {
        if let Payload::Route(source) = message.payload {
            sources.extend(source);
        }
        for _ in 0..times {
            table.apply(message.payload.clone(), |link| {
                link.parent.as_ref().and_then(vif::of_parent).into()
            });
        }
    }
    table.set_route_sources(sources);
    table.network(&Exclude::default())
}

/// Checks that everything published is what the last message about it says.
fn check(network: &Network, received: &[Message]) {
    let indices: Vec<u32> = network.links.iter().map(|link| link.index).collect();
    assert!(indices.is_sorted_by(|a, b| a < b), "{indices:?}");
    for link in &network.links {
        let is_it = |message: &&Message| match &message.payload {
            Payload::Link(it) => it.index == link.index,
            Payload::DelLink(index) => *index == link.index,
            _ => false,
        };
        let last = received.iter().rfind(is_it).map(|message| &message.payload);
        let Some(Payload::Link(last)) = last else {
            panic!("{link:?} is gone");
        };
        assert!(!last.loopback && !last.name.contains(&0));
        assert_eq!(
            (last.mac, String::from_utf8_lossy(&last.name)),
            (link.mac, (&*link.name).into())
        );
        assert!(last.up || link.addresses.is_empty(), "{link:?} is down");
        for address in &link.addresses {
            assert!(address.prefix <= if address.ip.is_ipv4() { 32 } else { 128 });
            let is_last = |(at, message): (usize, &Message)| match &message.payload {
                Payload::Address(it) => {
                    it.usable
                        && (it.link, it.ip, it.prefix) == (link.index, address.ip, address.prefix)
                        && !received.iter().skip(at + 1).any(|later| is_about(later, it.link, it))
                }
                _ => false,
            };
            assert!(received.iter().enumerate().any(is_last), "{address:?} of {link:?}");
        }
    }
}

/// Whether a message sets or removes this address of this link.
fn is_about(message: &Message, link: u32, address: &Address) -> bool {
    match &message.payload {
        Payload::Address(it) | Payload::DelAddr(it) => {
            it.link == link && AddressKey::of(it) == AddressKey::of(address)
        }
        _ => false,
    }
}
