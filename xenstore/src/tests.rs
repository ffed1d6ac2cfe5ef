//! Messages of xenstored that a connection must accept.

mod bsd_devices;

use super::*;

fn message(kind: u32, id: u32, payload: &[u8]) -> Vec<u8> {
    let words = [kind, id, 0, payload.len() as u32];
    words.iter().flat_map(|word| word.to_ne_bytes()).chain(payload.iter().copied()).collect()
}

#[test]
fn events_before_and_after_a_reply_are_kept() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let mut connection = Connection::from_stream(Box::new(ours));
    let (event, answer) = (message(15, 0, b"a\0b\0"), message(2, 1, b"1"));
    theirs
        .write_all(&[event.clone(), answer, event.clone(), event[..7].to_vec()].concat())
        .unwrap();
    assert_eq!(connection.request(Request::Read, "a", &[]).unwrap(), b"1");
    assert_eq!(connection.pending_events().unwrap(), ["b", "b"]);
    assert_eq!(connection.pending_events().unwrap(), [""; 0]);
    theirs.write_all(&event[7..]).unwrap();
    assert_eq!(connection.wait_events().unwrap(), ["b"]);
}

#[test]
fn reply_with_any_request_id_is_the_answer() {
    for id in [0, 1, 0xffff_ffff] {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut connection = Connection::from_stream(Box::new(ours));
        theirs.write_all(&message(4, id, b"OK\0")).unwrap();
        let answer = connection.request(Request::Watch, "domid", b"token\0").unwrap();
        assert_eq!(answer, b"OK\0", "id {id}");
    }
}
