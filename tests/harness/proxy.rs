//! Stands between the agent and its xenstore and damages what the store answers. Both sides are real:
//! only the bytes between them are not.

use super::wire::{Header, receive};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// One of the store's messages on its way to the agent.
pub struct Message<'a> {
    /// Which of the agent's connections it is for, in the order in which it made them, from 0.
    pub connection: usize,
    /// How many came before it on that connection.
    pub number: usize,
    /// How many bytes these had.
    pub offset: usize,
    /// The message itself, header and all.
    pub bytes: &'a [u8],
}

/// What becomes of a message.
pub enum ProxyAction {
    Passed,
    /// This goes in its place.
    Replaced(Vec<u8>),
    /// This goes in its place, and the connection is closed behind it.
    Cut(Vec<u8>),
}

/// A socket that leads to the store, until dropped.
pub struct Proxy {
    socket: PathBuf,
    connections: Arc<AtomicUsize>,
}

type ProxyPolicy = Arc<dyn Fn(&Message) -> ProxyAction + Send + Sync>;

impl Proxy {
    /// Serves `socket`; each message of the store's goes past the judge.
    pub fn new(
        socket: PathBuf,
        store: &Path,
        judge: impl Fn(&Message) -> ProxyAction + Send + Sync + 'static,
    ) -> Proxy {
        let listener = UnixListener::bind(&socket).unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (count, store, judge) = (connections.clone(), store.to_owned(), Arc::new(judge));
        thread::spawn(move || {
            while let Ok((agent, _)) = listener.accept() {
                let connection = count.fetch_add(1, Ordering::SeqCst);
                let Ok(host) = UnixStream::connect(&store) else { return };
                carry(connection, agent, host, judge.clone());
            }
        });
        Proxy { socket, connections }
    }

    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// How many connections the agent has made.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // The thread that accepts ends with the store, or with the test.
        let _ = std::fs::remove_file(&self.socket);
    }
}

fn carry(connection: usize, agent: UnixStream, host: UnixStream, judge: ProxyPolicy) {
    let (mut from, mut to) = (agent.try_clone().unwrap(), host.try_clone().unwrap());
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut bytes) {
            if to.write_all(&bytes[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        answer(connection, &agent, host, judge);
        let _ = agent.shutdown(Shutdown::Both);
    });
}

fn answer(connection: usize, mut agent: &UnixStream, mut host: UnixStream, judge: ProxyPolicy) {
    let (mut number, mut offset) = (0, 0);
    while let Ok((header, body)) = receive(&mut host) {
        let bytes = header.with(&body);
        let message = Message { connection, number, offset, bytes: &bytes };
        let (bytes, goes_on) = match judge(&message) {
            ProxyAction::Passed => (bytes, true),
            ProxyAction::Replaced(other) => (other, true),
            ProxyAction::Cut(other) => (other, false),
        };
        if agent.write_all(&bytes).is_err() || !goes_on {
            break;
        }
        (number, offset) = (number + 1, offset + Header::SIZE + body.len());
    }
    let _ = host.shutdown(Shutdown::Both);
}
