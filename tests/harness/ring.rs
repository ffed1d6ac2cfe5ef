//! The guest kernel's part of xenstore: carries the requests of every process that
//! connects to a unix socket to xenstored over the guest's shared page, so that they
//! are the guest's own, with its permissions, its quotas and its relative paths.
//!
//! The page is a file that the daemon has mapped (see `shim/shim.h`): two rings
//! of 1 KiB and four counters. Pipes stand in for the event channel. Dropping the
//! ring closes every connection, as when xenstored dies.
//!
//! Kernels differ in the request id that `/dev/xen/xenbus` puts into a reply: see [`Kernel`].

use super::wire::{Header, UNWATCH, WATCH, WATCH_EVENT, receive};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};

const SIZE: u32 = 1024;
const REQUESTS: u64 = 0;
const ANSWERS: u64 = 1024;
const REQUESTS_READ: u64 = 2048;
const REQUESTS_WRITTEN: u64 = 2052;
const ANSWERS_READ: u64 = 2056;
const ANSWERS_WRITTEN: u64 = 2060;

/// A guest kernel, by how its xenbus device (`drivers/xen/xenbus/xenbus_dev_frontend.c`) answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kernel {
    /// Before 4.11: the device answers `XS_WATCH` and `XS_UNWATCH` itself, with id 0, and sets no id
    /// in a watch event. All other replies have the client's id.
    Linux4_4,
    /// 4.11 to 4.15, before commit 29fee6eed281 ("xenbus: track caller request id"): `XS_WATCH` and
    /// `XS_UNWATCH` have the client's id, all other replies one of the kernel's own.
    Linux4_13,
    /// Since 4.16: every reply has the client's id.
    Linux6_1,
}

impl Kernel {
    pub const ALL: [Kernel; 3] = [Kernel::Linux4_4, Kernel::Linux4_13, Kernel::Linux6_1];

    /// The request id of a message for a process.
    fn reply_id(self, kind: u32, clients: u32, kernels: u32) -> u32 {
        match (self, kind) {
            // The header lies on the kernel's stack and this part of it is not set.
            (Kernel::Linux4_4, WATCH_EVENT) => 0xdead_beef,
            (Kernel::Linux4_4, WATCH | UNWATCH) => 0,
            (Kernel::Linux4_13, kind) if ![WATCH, UNWATCH, WATCH_EVENT].contains(&kind) => kernels,
            _ => clients,
        }
    }
}

/// A client, and the id that it gave its request.
type Sender = (usize, u32);

struct Shared {
    kernel: Kernel,
    page: File,
    /// Pipe to the daemon: takes the number of the port that is notified.
    event_channel: File,
    port: u32,
    stopped: AtomicBool,
    /// None when it has closed its connection.
    clients: Mutex<Vec<Option<UnixStream>>>,
    /// How many of them have a connection.
    connected: AtomicUsize,
    /// Requests without a reply yet, by the kernel's own id.
    outstanding: Mutex<HashMap<u32, Sender>>,
    /// Held while one message goes into the ring; the value is the kernel's own id of it.
    last_id: Mutex<u32>,
    /// Notified when the daemon has read or written something.
    moved: (Mutex<()>, Condvar),
}

/// A guest's connection to xenstored, open until dropped.
pub struct Ring {
    shared: Arc<Shared>,
    socket: PathBuf,
    /// Pipe from the daemon: a byte for each notification.
    notifications: PathBuf,
    threads: Vec<JoinHandle<()>>,
}

/// Makes an empty shared page. For the daemon a domain exists while it has one.
pub fn make_page(run: &Path, domid: u32) {
    let page = File::create(run.join(format!("dom{domid}.ring"))).unwrap();
    page.set_len(4096).unwrap();
}

impl Ring {
    /// Serves `socket`, as this kernel would, for a guest that the daemon in `run` knows.
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
            moved: Default::default(),
        });
        let notifications = run.join(format!("evtchn-{domid}.fifo"));
        let mut notified = file(&format!("evtchn-{domid}.fifo"));
        let listener = UnixListener::bind(socket).unwrap();
        let (a, b) = (shared.clone(), shared.clone());
        let threads = vec![
            thread::spawn(move || a.accept(&listener)),
            thread::spawn(move || b.answer(&mut notified)),
        ];
        Ring { shared, socket: socket.into(), notifications, threads }
    }
}

impl Ring {
    /// Whether every process has closed its connection, and all of its requests are in the ring.
    pub fn is_quiet(&self) -> bool {
        self.shared.connected.load(Ordering::SeqCst) == 0
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Both threads are in a blocking call: end it.
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
                shared.carry(number, stream);
                shared.clients.lock().unwrap()[number] = None;
                shared.connected.fetch_sub(1, Ordering::SeqCst);
            });
        }
    }

    /// Carries one process's requests until it closes its connection, then removes its watches.
    fn carry(&self, client: usize, mut stream: UnixStream) {
        let mut watches = Vec::new();
        while let Ok((header, mut body)) = receive(&mut stream) {
            if header.kind == WATCH {
                // When the watch fires, the token names the client.
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
            let guard = self.moved.0.lock().unwrap();
            let (read, written) = (self.word(REQUESTS_READ), self.word(REQUESTS_WRITTEN));
            let free = SIZE - written.wrapping_sub(read);
            if free == 0 {
                drop(self.moved.1.wait(guard).unwrap());
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

    /// Sends each of the daemon's messages to its process.
    fn answer(&self, notified: &mut File) {
        let (mut events, mut bytes) = ([0; 64], Vec::new());
        while notified.read(&mut events).is_ok() && !self.stopped.load(Ordering::SeqCst) {
            drop(self.moved.0.lock().unwrap());
            self.moved.1.notify_all();
            self.take(&mut bytes);
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
        self.moved.1.notify_all();
    }

    fn take(&self, bytes: &mut Vec<u8>) {
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
