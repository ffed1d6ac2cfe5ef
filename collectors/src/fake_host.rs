//! For tests: a host that expects requests in a given order and answers them.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

use xenstore::Connection;

const ERROR: u32 = 16;

/// A host that expects these requests in this order: path and payload of the answer, `None` for ENOENT.
pub fn host(answers: Vec<(&'static str, Option<&'static [u8]>)>) -> Connection {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    thread::spawn(move || {
        for (path, answer) in answers {
            let mut header = [0; 16];
            theirs.read_exact(&mut header).unwrap();
            let word = |at: usize| u32::from_ne_bytes(header[at..at + 4].try_into().unwrap());
            let mut asked = vec![0; word(12) as usize];
            theirs.read_exact(&mut asked).unwrap();
            assert_eq!(String::from_utf8(asked).unwrap(), format!("{path}\0"));
            let (kind, payload) = answer.map_or((ERROR, &b"ENOENT\0"[..]), |a| (word(0), a));
            for word in [kind, word(4), 0, payload.len() as u32] {
                theirs.write_all(&word.to_ne_bytes()).unwrap();
            }
            theirs.write_all(payload).unwrap();
        }
    });
    Connection::from_stream(Box::new(ours))
}
