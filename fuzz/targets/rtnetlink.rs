//! rtnetlink: parser, snapshot and keys. The input is a stream of datagrams, each after its length (two
//! bytes, little-endian).

#![no_main]

use collectors::network::rtnetlink::{Address, Malformed, Message, Payload, messages};
use collectors::network::snapshot::Snapshot;
use collectors::network::{NicFilter, vif};
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
    let snapshot = snapshot(&received);
    let network = snapshot.network(&NicFilter::default());
    check(&network, &snapshot);
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

/// The links and addresses of the messages, as a list.
fn snapshot(received: &[Message]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for message in received {
        match message.payload.clone() {
            Payload::Link(mut link) => {
                link.vif = link.parent.as_ref().and_then(vif::of_parent);
                snapshot.links.push(link);
            }
            Payload::Address(address) => snapshot.addresses.push(address),
            Payload::Route(source) => snapshot.route_sources.extend(source),
            Payload::Done | Payload::Error(_) | Payload::Other => {}
        }
    }
    snapshot
}

/// Checks that everything published is in the list.
fn check(network: &Network, snapshot: &Snapshot) {
    let indices: Vec<u32> = network.links.iter().map(|link| link.index).collect();
    assert!(indices.is_sorted_by(|a, b| a < b), "{indices:?}");
    for link in &network.links {
        let last = snapshot.links.iter().rfind(|it| it.index == link.index);
        let Some(last) = last else { panic!("{link:?} is not in the list") };
        assert!(!last.loopback && !last.name.contains(&0));
        assert_eq!(
            (last.mac, String::from_utf8_lossy(&last.name)),
            (link.mac, (&*link.name).into())
        );
        assert!(last.up || link.addresses.is_empty(), "{link:?} is down");
        for address in &link.addresses {
            assert!(address.prefix <= if address.ip.is_ipv4() { 32 } else { 128 });
            let is_it = |it: &Address| {
                it.usable && (it.link, it.ip, it.prefix) == (link.index, address.ip, address.prefix)
            };
            assert!(snapshot.addresses.iter().any(is_it), "{address:?} of {link:?}");
        }
    }
}
