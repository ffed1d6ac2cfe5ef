//! A reply that is cut, of the wrong type, with an error name nobody knows; a connection that closes at
//! any byte. A proxy between the agent and the real store does it to one reply each time.

use super::super::harness::{Agent, FIRST_TREE, Guest, Message, Proxy, ProxyAction};
use super::{EARLIER, Random, assert_calm, assert_never_wrong};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A reply's header: type, request id, transaction id, length.
const TYPE: usize = 0;
const ID: usize = 4;
const LENGTH: usize = 12;
/// The types of a reply to a write, of one that says no, and of a watch event.
const WRITE: u32 = 11;
const ERROR: u32 = 16;
const WATCH_EVENT: u32 = 15;

/// The publisher's connection is the first: the collectors start when it stands.
const PUBLISHERS: usize = 0;

/// A guest as another life of it left it, and what the agent does on a store that is damaged so. It must
/// end with exactly the right tree, with no wrong key in between, and without a panic.
fn live_through(
    guest: &Guest,
    arguments: &[&str],
    judge: impl Fn(&Message) -> ProxyAction + Send + Sync + 'static,
) -> usize {
    guest.recreate_tree();
    EARLIER.iter().for_each(|(key, value)| guest.write_as_guest(key, value));
    let mark = guest.mark();
    let proxy = Proxy::new(guest.run.path().join("proxy"), &guest.socket(), judge);
    let mut command = guest.command(&[&["-s"], arguments].concat());
    command.env("XENSTORED_PATH", proxy.socket());
    let agent = Agent::spawn(command);
    guest.wait_tree(FIRST_TREE);
    let once = arguments.contains(&"--once");
    let end = if once { agent.wait() } else { agent.stop("TERM") };
    assert_eq!(end.code, Some(0), "{end:?}");
    assert_calm(&end.stderr, 1);
    assert_never_wrong(&guest.changes_since(mark));
    guest.wait_tree(FIRST_TREE);
    proxy.connections()
}

/// The bytes of a message with one word of its header changed.
fn with(message: &Message, at: usize, word: u32) -> Vec<u8> {
    let mut bytes = message.bytes.to_vec();
    bytes[at..at + 4].copy_from_slice(&word.to_ne_bytes());
    bytes
}

fn refusal(message: &Message, name: &str) -> Vec<u8> {
    let mut bytes = with(message, TYPE, ERROR)[..16].to_vec();
    bytes.extend(name.as_bytes());
    bytes.push(0);
    let length = bytes.len() as u32 - 16;
    bytes[LENGTH..][..4].copy_from_slice(&length.to_ne_bytes());
    bytes
}

/// How many replies, and bytes of them, the publisher's first connection has when nothing is damaged.
fn undamaged(guest: &Guest) -> (usize, usize) {
    let seen = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let count = seen.clone();
    live_through(guest, &["--once"], move |message| {
        if message.connection == PUBLISHERS {
            count.0.store(message.number + 1, Ordering::SeqCst);
            count.1.store(message.offset + message.bytes.len(), Ordering::SeqCst);
        }
        ProxyAction::Passed
    });
    (seen.0.load(Ordering::SeqCst), seen.1.load(Ordering::SeqCst))
}

/// Closes a connection behind its first `length` bytes.
fn cut(message: &Message, connection: usize, length: usize) -> ProxyAction {
    if message.connection != connection || message.offset + message.bytes.len() <= length {
        return ProxyAction::Passed;
    }
    ProxyAction::Cut(message.bytes[..length - message.offset].to_vec())
}

/// One in so many of what could be damaged; all with `XGA_EVERY=1`, which takes minutes.
fn one_in(many: usize) -> usize {
    if std::env::var_os("XGA_EVERY").is_some() { 1 } else { many }
}

// The whole first batch, reading back and writing: every byte of the first replies, then every 29th.
#[test]
fn a_connection_that_closes_at_any_byte() {
    let guest = Guest::new();
    let (_, bytes) = undamaged(&guest);
    let places: Vec<usize> = (0..50).chain((50..bytes).step_by(one_in(29))).collect();
    for &length in &places {
        let connections =
            live_through(&guest, &["--once"], move |message| cut(message, PUBLISHERS, length));
        assert!(connections >= 3, "it was not opened again after {length} bytes");
    }
    println!("closed at {} of {bytes} bytes", places.len());
}

// …those of the watches too, while the agent stays.
#[test]
fn a_watch_whose_connection_closes_at_any_byte() {
    let guest = Guest::new();
    for connection in 1..=2 {
        for length in (0..60).step_by(3) {
            live_through(&guest, &[], move |message| cut(message, connection, length));
        }
    }
}

// …again and again: nine of ten connections close somewhere, and each gets a little further.
#[test]
fn connections_that_all_close_somewhere_for_a_while() {
    let guest = Guest::new();
    live_through(&guest, &[], |message| match message.connection {
        0..9 => cut(message, message.connection, 97 * (message.connection + 1)),
        _ => ProxyAction::Passed,
    });
}

/// Does this to one reply in each life: to the publisher's all over the first batch, and to the watches'.
/// Whether that makes the agent open the connection again is told, and checked.
fn damage(
    opens_again: bool,
    what: impl Fn(&Message, &mut Random) -> ProxyAction + Send + Sync + Copy + 'static,
) {
    let guest = Guest::new();
    let (replies, _) = undamaged(&guest);
    let numbers = (0..replies).step_by(one_in(5)).map(|number| (PUBLISHERS, number));
    println!("{} of {replies} replies", numbers.len());
    for (connection, number) in numbers.chain([(1, 0), (1, 1), (2, 0), (2, 1)]) {
        let connections = live_through(&guest, &[], move |message| {
            if (message.connection, message.number) == (connection, number) {
                what(message, &mut Random((number + 1) as u64))
            } else {
                ProxyAction::Passed
            }
        });
        // Behind the last reply nothing more is asked, so the loss may not be noticed.
        if connection == PUBLISHERS && number + 1 < replies {
            assert_eq!(connections > 3, opens_again, "{connections} connections, reply {number}");
        }
    }
}

#[test]
fn a_reply_of_the_wrong_type() {
    damage(true, |message, _| {
        let is_write = message.bytes[0] == WRITE as u8;
        ProxyAction::Replaced(with(message, TYPE, if is_write { 2 } else { WRITE }))
    });
}

#[test]
fn a_reply_of_a_type_that_nobody_knows() {
    damage(true, |message, _| ProxyAction::Replaced(with(message, TYPE, 0xffff_fff0)));
}

// A watch event where there is no watch, and the reply behind it.
#[test]
fn an_event_that_nobody_asked_for() {
    damage(false, |message, _| {
        let event = Message { bytes: b"\x0f\0\0\0\0\0\0\0\0\0\0\0\x04\0\0\0a\0b\0", ..*message };
        assert_eq!(u32::from(event.bytes[0]), WATCH_EVENT);
        ProxyAction::Replaced([event.bytes, message.bytes].concat())
    });
}

// The node is neither taken for an absent one nor written blindly: it is read again.
#[test]
fn an_error_name_that_nobody_knows() {
    damage(false, |message, _| ProxyAction::Replaced(refusal(message, "EWHATEVER")));
}

#[test]
fn an_error_without_a_name_or_with_control_characters() {
    damage(false, |message, random| {
        let name = if random.below(2) == 0 { "" } else { "\x1b[2J\nE\0X" };
        ProxyAction::Replaced(refusal(message, name))
    });
}

// The kernel's device may put any id into a reply: see `Kernel` in the harness.
#[test]
fn reply_with_another_request_id_is_taken() {
    damage(false, |message, random| {
        ProxyAction::Replaced(with(message, ID, random.below(1 << 31) as u32 | 1 << 31))
    });
}

#[test]
fn a_reply_that_claims_to_be_longer_than_any() {
    damage(true, |message, _| ProxyAction::Replaced(with(message, LENGTH, u32::MAX)));
    damage(true, |message, _| ProxyAction::Replaced(with(message, LENGTH, 4097)));
}

// …or shorter than it is: what is left of it is no reply to anything.
#[test]
fn a_reply_that_claims_to_be_shorter_than_it_is() {
    damage(true, |message, _| ProxyAction::Cut(with(message, LENGTH, 0)));
}

#[test]
fn random_bytes_instead_of_a_reply() {
    damage(true, |_, random| {
        let length = 1 + random.below(5000);
        ProxyAction::Cut((0..length).map(|_| random.below(256) as u8).collect())
    });
}
