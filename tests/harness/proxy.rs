//! A proxy between the agent and xenstored, which can damage replies. The agent and xenstored are real.

use super::wire::{Header, receive};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// One of xenstored's messages to the agent.
pub struct Message<'a> {
    /// The number of the connection, in the order in which the agent opened them, from 0.
    pub connection: usize,
    /// The number of earlier messages on that connection.
    pub number: usize,
    /// The number of bytes of these.
    pub offset: usize,
    /// The message with its header.
    pub bytes: &'a [u8],
}

/// What the proxy does with a message.
pub enum ProxyAction {
    Passed,
    /// Sends these bytes in its place.
    Replaced(Vec<u8>),
    /// Sends these bytes in its place, then closes the connection.
    Cut(Vec<u8>),
}

/// A socket whose connections are forwarded to xenstored, until dropped.
pub struct Proxy {
    socket: PathBuf,
    connections: Arc<AtomicUsize>,
}

type ProxyPolicy = Arc<dyn Fn(&Message) -> ProxyAction + Send + Sync>;

impl Proxy {
    /// Serves `socket`. The policy decides about each message from xenstored.
    pub fn new(
        socket: PathBuf,
        store: &Path,
        policy: impl Fn(&Message) -> ProxyAction + Send + Sync + 'static,
    ) -> Proxy {
        let listener = UnixListener::bind(&socket).unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (count, store, policy) = (connections.clone(), store.to_owned(), Arc::new(policy));
        thread::spawn(move || {
            while let Ok((agent, _)) = listener.accept() {
                let connection = count.fetch_add(1, Ordering::SeqCst);
                let Ok(host) = UnixStream::connect(&store) else { return };
                forward(connection, agent, host, policy.clone());
            }
        });
        Proxy { socket, connections }
    }

    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The number of connections that the agent has opened.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // The accepting thread ends with xenstored or with the test.
        let _ = std::fs::remove_file(&self.socket);
    }
}

fn forward(connection: usize, agent: UnixStream, host: UnixStream, policy: ProxyPolicy) {
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
        forward_replies(connection, &agent, host, policy);
        let _ = agent.shutdown(Shutdown::Both);
    });
}

fn forward_replies(
    connection: usize,
    mut agent: &UnixStream,
    mut host: UnixStream,
    policy: ProxyPolicy,
) {
    let (mut number, mut offset) = (0, 0);
    while let Ok((header, body)) = receive(&mut host) {
        let bytes = header.with(&body);
        let message = Message { connection, number, offset, bytes: &bytes };
        let (bytes, is_open) = match policy(&message) {
            ProxyAction::Passed => (bytes, true),
            ProxyAction::Replaced(other) => (other, true),
            ProxyAction::Cut(other) => (other, false),
        };
        if agent.write_all(&bytes).is_err() || !is_open {
            break;
        }
        (number, offset) = (number + 1, offset + Header::SIZE + body.len());
    }
    let _ = host.shutdown(Shutdown::Both);
}
