//! The guest kernel's part of xenstore. It accepts connections on a unix socket and forwards their
//! requests to xenstored over the guest's shared page. For xenstored they come from the guest: its
//! permissions, quotas and relative paths apply.
//!
//! The page is a file that the daemon has mapped (see `shim/shim.h`): two rings of 1 KiB and four counters.
//! Pipes replace the event channel. Dropping the ring closes every connection, as when xenstored dies.

use super::kernel::Kernel;
use super::wire::{Header, UNWATCH, WATCH, WATCH_EVENT, receive};
use super::{PATIENCE, wait_for};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

const SIZE: u32 = 1024;
const REQUESTS: u64 = 0;
const ANSWERS: u64 = 1024;
const REQUESTS_READ: u64 = 2048;
const REQUESTS_WRITTEN: u64 = 2052;
const ANSWERS_READ: u64 = 2056;
const ANSWERS_WRITTEN: u64 = 2060;

/// A client, and the id that it gave its request.
type Sender = (usize, u32);

struct Shared {
    kernel: Kernel,
    page: File,
    /// Pipe to the daemon: one port number for each notification.
    event_channel: File,
    port: u32,
    stopped: AtomicBool,
    /// None for a client that has closed its connection.
    clients: Mutex<Vec<Option<UnixStream>>>,
    /// The number of clients with an open connection.
    connected: AtomicUsize,
    /// Requests without a reply yet, by the kernel's own id.
    outstanding: Mutex<HashMap<u32, Sender>>,
    /// The kernel's own id of the last request. Locked while a message is written into the ring.
    last_id: Mutex<u32>,
    /// Notified when the daemon has read or written something.
    progress: (Mutex<()>, Condvar),
}

/// A guest's connection to xenstored, open until dropped.
pub struct Ring {
    shared: Arc<Shared>,
    socket: PathBuf,
    /// Pipe from the daemon: a byte for each notification.
    notifications: PathBuf,
    threads: Vec<JoinHandle<()>>,
}

/// Makes an empty shared page. A domain exists for the daemon as long as it has one.
pub fn make_page(run: &Path, domid: u32) {
    let page = File::create(run.join(format!("dom{domid}.ring"))).unwrap();
    page.set_len(4096).unwrap();
}

impl Ring {
    /// Serves `socket` as this kernel does, for a guest that was introduced to the daemon in `run`.
    pub fn open(run: &Path, domid: u32, socket: &Path, kernel: Kernel) -> Ring {
        let file =
            |name: &str| OpenOptions::new().read(true).write(true).open(run.join(name)).unwrap();
        let shared = Arc::new(Shared {
            kernel,
            page: file(&format!("dom{domid}.ring")),
            event_channel: file("evtchn.fifo"),
            port: 0x100 + domid,
            stopped: AtomicBool::new(false),
            clients: Mutex::default(),
            connected: AtomicUsize::new(0),
            outstanding: Mutex::default(),
            last_id: Mutex::default(),
            progress: Default::default(),
        });
        let notifications = run.join(format!("evtchn-{domid}.fifo"));
        let mut notified = file(&format!("evtchn-{domid}.fifo"));
        let listener = UnixListener::bind(socket).unwrap();
        let (a, b) = (shared.clone(), shared.clone());
        let threads = vec![
            thread::spawn(move || a.accept(&listener)),
            thread::spawn(move || b.deliver_all(&mut notified)),
        ];
        Ring { shared, socket: socket.into(), notifications, threads }
    }

    /// Whether every client has closed its connection; all of its requests are in the ring then.
    pub fn is_idle(&self) -> bool {
        self.shared.connected.load(Ordering::SeqCst) == 0
    }

    /// Pauses the guest after all of its requests are answered: it makes no requests until this is dropped.
    pub fn pause(&self) -> MutexGuard<'_, u32> {
        let paused = self.shared.last_id.lock().unwrap();
        let is_idle = || self.shared.outstanding.lock().unwrap().is_empty();
        assert!(wait_for(PATIENCE, is_idle), "xenstored does not answer the guest");
        paused
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Each thread is in a blocking call: make it return.
        drop(UnixStream::connect(&self.socket));
        let _ = std::fs::remove_file(&self.socket);
        let pipe = OpenOptions::new().read(true).write(true).open(&self.notifications);
        let _ = pipe.unwrap().write_all(&[0]);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
        for client in self.shared.clients.lock().unwrap().iter().flatten() {
            let _ = client.shutdown(std::net::Shutdown::Both);
        }
    }
}

impl Shared {
    fn accept(self: Arc<Shared>, listener: &UnixListener) {
        while let Ok((stream, _)) = listener.accept() {
            if self.stopped.load(Ordering::SeqCst) {
                return;
            }
            let mut clients = self.clients.lock().unwrap();
            clients.push(Some(stream.try_clone().unwrap()));
            let (number, shared) = (clients.len() - 1, self.clone());
            shared.connected.fetch_add(1, Ordering::SeqCst);
            thread::spawn(move || {
                shared.forward(number, stream);
                shared.clients.lock().unwrap()[number] = None;
                shared.connected.fetch_sub(1, Ordering::SeqCst);
            });
        }
    }

    /// Forwards the requests of one client until it closes its connection, then removes its watches.
    fn forward(&self, client: usize, mut stream: UnixStream) {
        let mut watches = Vec::new();
        while let Ok((header, mut body)) = receive(&mut stream) {
            if header.kind == WATCH {
                // The token of an event names the client then.
                let token = body.iter().position(|b| *b == 0).unwrap() + 1;
                body.splice(token..token, format!("{client}:").into_bytes());
                watches.push(body.clone());
            }
            self.send(client, header, &body);
        }
        for watch in watches {
            let header = Header { kind: UNWATCH, request: 0, transaction: 0, length: 0 };
            self.send(client, header, &watch);
        }
    }

    fn send(&self, client: usize, mut header: Header, body: &[u8]) {
        let mut id = self.last_id.lock().unwrap();
        *id += 1;
        self.outstanding.lock().unwrap().insert(*id, (client, header.request));
        header.request = *id;
        self.put(&header.with(body));
    }

    fn put(&self, mut message: &[u8]) {
        while !message.is_empty() && !self.stopped.load(Ordering::SeqCst) {
            let guard = self.progress.0.lock().unwrap();
            let (read, written) = (self.word(REQUESTS_READ), self.word(REQUESTS_WRITTEN));
            let free = SIZE - written.wrapping_sub(read);
            if free == 0 {
                drop(self.progress.1.wait(guard).unwrap());
                continue;
            }
            let at = written % SIZE;
            let part = free.min(SIZE - at).min(message.len() as u32);
            let (now, later) = message.split_at(part as usize);
            self.page.write_all_at(now, REQUESTS + u64::from(at)).unwrap();
            self.set(REQUESTS_WRITTEN, written.wrapping_add(part));
            message = later;
        }
    }

    /// Delivers each of the daemon's messages to its client.
    fn deliver_all(&self, notified: &mut File) {
        let (mut events, mut bytes) = ([0; 64], Vec::new());
        while notified.read(&mut events).is_ok() && !self.stopped.load(Ordering::SeqCst) {
            drop(self.progress.0.lock().unwrap());
            self.progress.1.notify_all();
            self.read_into(&mut bytes);
            while bytes.len() >= Header::SIZE {
                let header = Header::parse(&bytes);
                let end = Header::SIZE + header.length as usize;
                if bytes.len() < end {
                    break;
                }
                let message: Vec<u8> = bytes.drain(..end).collect();
                self.deliver(header, message[Header::SIZE..].to_vec());
            }
        }
        self.progress.1.notify_all();
    }

    fn read_into(&self, bytes: &mut Vec<u8>) {
        loop {
            let (read, written) = (self.word(ANSWERS_READ), self.word(ANSWERS_WRITTEN));
            if read == written {
                return;
            }
            let at = read % SIZE;
            let mut part = vec![0; written.wrapping_sub(read).min(SIZE - at) as usize];
            self.page.read_exact_at(&mut part, ANSWERS + u64::from(at)).unwrap();
            self.set(ANSWERS_READ, read.wrapping_add(part.len() as u32));
            bytes.extend(part);
        }
    }

    fn deliver(&self, mut header: Header, mut body: Vec<u8>) {
        let client = if header.kind == WATCH_EVENT {
            let token = body.iter().position(|b| *b == 0).unwrap() + 1;
            let colon = body[token..].iter().position(|b| *b == b':').unwrap();
            let owner: Vec<u8> = body.drain(token..=token + colon).collect();
            header.request = self.kernel.reply_id(WATCH_EVENT, 0, 0);
            String::from_utf8_lossy(&owner[..colon]).parse().unwrap()
        } else {
            let sender = self.outstanding.lock().unwrap().remove(&header.request);
            let (client, id) = sender.unwrap();
            header.request = self.kernel.reply_id(header.kind, id, header.request);
            client
        };
        if let Some(client) = &mut self.clients.lock().unwrap()[client] {
            let _ = client.write_all(&header.with(&body));
        }
    }

    fn word(&self, at: u64) -> u32 {
        let mut word = [0; 4];
        self.page.read_exact_at(&mut word, at).unwrap();
        u32::from_ne_bytes(word)
    }

    /// Moves a counter and notifies the daemon.
    fn set(&self, at: u64, value: u32) {
        self.page.write_all_at(&value.to_ne_bytes(), at).unwrap();
        (&self.event_channel).write_all(&self.port.to_ne_bytes()).unwrap();
    }
}
