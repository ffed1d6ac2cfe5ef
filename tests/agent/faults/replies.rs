//! Damaged replies: truncated, of the wrong type, with an unknown error; connections that close at any byte.
//! A proxy between the agent and the real xenstored damages one reply in each run.

use super::super::harness::{Agent, FIRST_TREE, Guest, Message, Proxy, ProxyAction};
use super::{EARLIER, Random, assert_log_is_short, assert_never_wrong};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A reply's header: type, request id, transaction id, length.
const TYPE: usize = 0;
const ID: usize = 4;
const LENGTH: usize = 12;
/// The types of a reply to a write, of an error and of a watch event.
const WRITE: u32 = 11;
const ERROR: u32 = 16;
const WATCH_EVENT: u32 = 15;

/// The publisher's connection is the first: the collectors start after it is open.
const PUBLISHERS: usize = 0;
/// That of the watches is the second.
const WATCHES: usize = 1;

/// Runs the agent with a proxy of this policy, on a tree with old keys. The agent must end with exactly the
/// right tree, with no wrong key in between and without a panic. Returns the number of its connections.
fn run_with_proxy(
    guest: &Guest,
    arguments: &[&str],
    policy: impl Fn(&Message) -> ProxyAction + Send + Sync + 'static,
) -> usize {
    run_and_reload(guest, arguments, false, policy)
}

/// The same; with `reload`, SIGHUP comes when the agent is idle.
fn run_and_reload(
    guest: &Guest,
    arguments: &[&str],
    reload: bool,
    policy: impl Fn(&Message) -> ProxyAction + Send + Sync + 'static,
) -> usize {
    guest.recreate_tree();
    EARLIER.iter().for_each(|(key, value)| guest.write_as_guest(key, value));
    let mark = guest.mark();
    let proxy = Proxy::new(guest.run.path().join("proxy"), &guest.socket(), policy);
    let mut command = guest.command(&[&["-s"], arguments].concat());
    command.env("XENSTORED_PATH", proxy.socket());
    let agent = Agent::spawn(command);
    if reload {
        agent.wait_logged("started");
        agent.wait_idle();
        agent.signal("HUP");
    }
    guest.wait_tree(FIRST_TREE);
    let once = arguments.contains(&"--once");
    let end = if once { agent.wait() } else { agent.stop("TERM") };
    assert_eq!(end.code, Some(0), "{end:?}");
    assert_log_is_short(&end.stderr, 1);
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

fn error_reply(message: &Message, name: &str) -> Vec<u8> {
    let mut bytes = with(message, TYPE, ERROR)[..16].to_vec();
    bytes.extend(name.as_bytes());
    bytes.push(0);
    let length = bytes.len() as u32 - 16;
    bytes[LENGTH..][..4].copy_from_slice(&length.to_ne_bytes());
    bytes
}

/// The number of replies on the publisher's first connection, and of their bytes, when none is damaged.
fn undamaged(guest: &Guest) -> (usize, usize) {
    let seen = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let count = seen.clone();
    run_with_proxy(guest, &["--once"], move |message| {
        if message.connection == PUBLISHERS {
            count.0.store(message.number + 1, Ordering::SeqCst);
            count.1.store(message.offset + message.bytes.len(), Ordering::SeqCst);
        }
        ProxyAction::Passed
    });
    (seen.0.load(Ordering::SeqCst), seen.1.load(Ordering::SeqCst))
}

/// Closes a connection after its first `length` bytes.
fn cut(message: &Message, connection: usize, length: usize) -> ProxyAction {
    if message.connection != connection || message.offset + message.bytes.len() <= length {
        return ProxyAction::Passed;
    }
    ProxyAction::Cut(message.bytes[..length - message.offset].to_vec())
}

/// The step between two places that are damaged: `many`, or 1 with `XGA_EVERY=1`, which takes minutes.
fn one_in(many: usize) -> usize {
    if std::env::var_os("XGA_EVERY").is_some() { 1 } else { many }
}

// During the read back and the first batch: at each of the first 50 bytes, then at every 29th.
#[test]
fn connection_closed_at_any_byte_is_opened_again() {
    let guest = Guest::new();
    let (_, bytes) = undamaged(&guest);
    let places: Vec<usize> = (0..50).chain((50..bytes).step_by(one_in(29))).collect();
    for &length in &places {
        let connections =
            run_with_proxy(&guest, &["--once"], move |message| cut(message, PUBLISHERS, length));
        assert!(connections >= 3, "not reconnected after {length} bytes");
    }
    println!("closed at {} of {bytes} bytes", places.len());
}

#[test]
fn watch_connection_closed_at_any_byte() {
    let guest = Guest::new();
    for length in (0..120).step_by(3) {
        run_with_proxy(&guest, &[], move |message| cut(message, WATCHES, length));
    }
}

// Each of the first nine connections closes 97 bytes later than the one before.
#[test]
fn nine_connections_closed_one_after_another() {
    let guest = Guest::new();
    run_with_proxy(&guest, &[], |message| match message.connection {
        0..9 => cut(message, message.connection, 97 * (message.connection + 1)),
        _ => ProxyAction::Passed,
    });
}

/// Damages one reply in each run: each of the publisher's in turn, then those to the watches. Checks
/// whether the agent reconnects, as it must (`opens_again`) or must not.
fn damage(
    opens_again: bool,
    what: impl Fn(&Message, &mut Random) -> ProxyAction + Send + Sync + Copy + 'static,
) {
    damage_and_reload(opens_again, false, what);
}

/// The same; with `reload`, SIGHUP comes when the agent is idle.
fn damage_and_reload(
    opens_again: bool,
    reload: bool,
    what: impl Fn(&Message, &mut Random) -> ProxyAction + Send + Sync + Copy + 'static,
) {
    let guest = Guest::new();
    let (replies, _) = undamaged(&guest);
    let numbers = (0..replies).step_by(one_in(5)).map(|number| (PUBLISHERS, number));
    println!("{} of {replies} replies", numbers.len());
    for (connection, number) in numbers.chain((0..5).map(|number| (WATCHES, number))) {
        let connections = run_and_reload(&guest, &[], reload, move |message| {
            if (message.connection, message.number) == (connection, number) {
                what(message, &mut Random((number + 1) as u64))
            } else {
                ProxyAction::Passed
            }
        });
        // After the last reply the agent makes no request, so it may not notice the loss.
        if connection == PUBLISHERS && number + 1 < replies {
            assert_eq!(connections > 2, opens_again, "{connections} connections, reply {number}");
        }
    }
}

#[test]
fn reply_of_the_wrong_type_closes_the_connection() {
    damage(true, |message, _| {
        let is_write = message.bytes[0] == WRITE as u8;
        ProxyAction::Replaced(with(message, TYPE, if is_write { 2 } else { WRITE }))
    });
}

#[test]
fn reply_of_an_unknown_type_closes_the_connection() {
    damage(true, |message, _| ProxyAction::Replaced(with(message, TYPE, 0xffff_fff0)));
}

// A watch event on a connection without a watch, then the reply.
#[test]
fn watch_event_without_a_watch_is_ignored() {
    damage(false, |message, _| {
        let event = Message { bytes: b"\x0f\0\0\0\0\0\0\0\0\0\0\0\x04\0\0\0a\0b\0", ..*message };
        assert_eq!(u32::from(event.bytes[0]), WATCH_EVENT);
        ProxyAction::Replaced([event.bytes, message.bytes].concat())
    });
}

// The agent does not take the node for absent: it reads it again after ten minutes, or on SIGHUP.
#[test]
fn unknown_error_changes_nothing_else_and_is_retried_on_sighup() {
    damage_and_reload(false, true, |message, _| {
        ProxyAction::Replaced(error_reply(message, "EWHATEVER"))
    });
}

#[test]
fn error_without_name_or_with_control_characters_is_retried_on_sighup() {
    damage_and_reload(false, true, |message, random| {
        let name = if random.below(2) == 0 { "" } else { "\x1b[2J\nE\0X" };
        ProxyAction::Replaced(error_reply(message, name))
    });
}

// The kernel's device may put any id into a reply: see `Kernel` in the harness.
#[test]
fn reply_with_another_request_id_is_accepted() {
    damage(false, |message, random| {
        ProxyAction::Replaced(with(message, ID, random.below(1 << 31) as u32 | 1 << 31))
    });
}

#[test]
fn reply_longer_than_4096_bytes_closes_the_connection() {
    damage(true, |message, _| ProxyAction::Replaced(with(message, LENGTH, u32::MAX)));
    damage(true, |message, _| ProxyAction::Replaced(with(message, LENGTH, 4097)));
}

// The rest of the reply is then read as a header.
#[test]
fn reply_with_too_short_length_closes_the_connection() {
    damage(true, |message, _| ProxyAction::Cut(with(message, LENGTH, 0)));
}

#[test]
fn random_bytes_instead_of_a_reply_close_the_connection() {
    damage(true, |_, random| {
        let length = 1 + random.below(5000);
        ProxyAction::Cut((0..length).map(|_| random.below(256) as u8).collect())
    });
}
