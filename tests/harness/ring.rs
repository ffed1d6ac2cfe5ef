//! The guest kernel's part of xenstore: carries the requests of every process that
//! connects to a unix socket to xenstored over the guest's shared page, so that they
//! are the guest's own, with its permissions, its quotas and its relative paths.
//!
//! The page is a file that the daemon has mapped (see `shim/shim.h`): two rings
//! of 1 KiB and four counters. Pipes stand in for the event channel. Dropping the
//! ring closes every connection, as when xenstored dies.

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

/// Who asked, under which number of his own.
type Asked = (usize, u32);

struct Shared {
    page: File,
    /// Into the daemon: the number of the port that rang.
    bell: File,
    port: u32,
    stopped: AtomicBool,
    /// None when it has hung up.
    clients: Mutex<Vec<Option<UnixStream>>>,
    /// How many of them have not hung up.
    talking: AtomicUsize,
    asked: Mutex<HashMap<u32, Asked>>,
    /// Held while one message goes into the ring; the value is its number.
    sending: Mutex<u32>,
    /// Rung when the daemon has read or written something.
    moved: (Mutex<()>, Condvar),
}

/// A guest's connection to xenstored, open until dropped.
pub struct Ring {
    shared: Arc<Shared>,
    socket: PathBuf,
    ears: PathBuf,
    threads: Vec<JoinHandle<()>>,
}

/// A fresh shared page; the daemon takes a domain for real while it has one.
pub fn make_page(run: &Path, domid: u32) {
    let page = File::create(run.join(format!("dom{domid}.ring"))).unwrap();
    page.set_len(4096).unwrap();
}

impl Ring {
    /// Serves `socket` for a guest that the daemon in `run` was introduced to.
    pub fn open(run: &Path, domid: u32, socket: &Path) -> Ring {
        let file =
            |name: &str| OpenOptions::new().read(true).write(true).open(run.join(name)).unwrap();
        let shared = Arc::new(Shared {
            page: file(&format!("dom{domid}.ring")),
            bell: file("evtchn.fifo"),
            port: 0x100 + domid,
            stopped: AtomicBool::new(false),
            clients: Mutex::default(),
            talking: AtomicUsize::new(0),
            asked: Mutex::default(),
            sending: Mutex::default(),
            moved: Default::default(),
        });
        let ears = run.join(format!("evtchn-{domid}.fifo"));
        let mut listening = file(&format!("evtchn-{domid}.fifo"));
        let listener = UnixListener::bind(socket).unwrap();
        let (a, b) = (shared.clone(), shared.clone());
        let threads = vec![
            thread::spawn(move || a.accept(&listener)),
            thread::spawn(move || b.answer(&mut listening)),
        ];
        Ring { shared, socket: socket.into(), ears, threads }
    }
}

impl Ring {
    /// Whether every process that connected has hung up, and all that it asked for was handed on.
    pub fn is_quiet(&self) -> bool {
        self.shared.talking.load(Ordering::SeqCst) == 0
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Both threads sit in a blocking call: give each what it waits for.
        drop(UnixStream::connect(&self.socket));
        let _ = std::fs::remove_file(&self.socket);
        let mut ears = OpenOptions::new().read(true).write(true).open(&self.ears).unwrap();
        let _ = ears.write_all(&[0]);
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
            shared.talking.fetch_add(1, Ordering::SeqCst);
            thread::spawn(move || {
                shared.carry(number, stream);
                shared.clients.lock().unwrap()[number] = None;
                shared.talking.fetch_sub(1, Ordering::SeqCst);
            });
        }
    }

    /// Carries one process's requests until it hangs up, and takes back its watches then.
    fn carry(&self, client: usize, mut stream: UnixStream) {
        let mut watches = Vec::new();
        while let Ok((header, mut body)) = receive(&mut stream) {
            if header.kind == WATCH {
                // The token says whose watch fired, when it does.
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
        let mut number = self.sending.lock().unwrap();
        *number += 1;
        self.asked.lock().unwrap().insert(*number, (client, header.request));
        header.request = *number;
        self.put(&header.with(body));
    }

    fn put(&self, mut message: &[u8]) {
        while !message.is_empty() && !self.stopped.load(Ordering::SeqCst) {
            let nobody = self.moved.0.lock().unwrap();
            let (read, written) = (self.word(REQUESTS_READ), self.word(REQUESTS_WRITTEN));
            let room = SIZE - written.wrapping_sub(read);
            if room == 0 {
                drop(self.moved.1.wait(nobody).unwrap());
                continue;
            }
            let at = written % SIZE;
            let part = room.min(SIZE - at).min(message.len() as u32);
            let (now, later) = message.split_at(part as usize);
            self.page.write_all_at(now, REQUESTS + u64::from(at)).unwrap();
            self.set(REQUESTS_WRITTEN, written.wrapping_add(part));
            message = later;
        }
    }

    /// Hands each of the daemon's messages to the process it is for.
    fn answer(&self, listening: &mut File) {
        let (mut events, mut bytes) = ([0; 64], Vec::new());
        while listening.read(&mut events).is_ok() && !self.stopped.load(Ordering::SeqCst) {
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
            let whose: Vec<u8> = body.drain(token..=token + colon).collect();
            String::from_utf8_lossy(&whose[..colon]).parse().unwrap()
        } else {
            let (client, request) = self.asked.lock().unwrap().remove(&header.request).unwrap();
            header.request = request;
            client
        };
        // A process that has hung up misses nothing.
        if let Some(client) = &mut self.clients.lock().unwrap()[client] {
            let _ = client.write_all(&header.with(&body));
        }
    }

    fn word(&self, at: u64) -> u32 {
        let mut word = [0; 4];
        self.page.read_exact_at(&mut word, at).unwrap();
        u32::from_ne_bytes(word)
    }

    /// Moves a counter and tells the daemon.
    fn set(&self, at: u64, value: u32) {
        self.page.write_all_at(&value.to_ne_bytes(), at).unwrap();
        (&self.bell).write_all(&self.port.to_ne_bytes()).unwrap();
    }
}
