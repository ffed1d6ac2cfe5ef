//! Counts the changes below a node, by a watch as a toolstack has it. A thread reads the events at once:
//! xenstored does not read a guest's requests while more than twenty of them have unread events.

use super::wire::{Store, WATCH, receive, strings};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

/// A watch, until dropped.
pub struct WatchCounter {
    count: Arc<(Mutex<u64>, Condvar)>,
    stream: UnixStream,
}

impl WatchCounter {
    pub fn of(socket: &Path, node: &str) -> WatchCounter {
        let mut store = Store::connect(socket).unwrap();
        store.call(WATCH, &strings(&[node, "token"])).unwrap();
        let mut stream = store.into_stream();
        let changes = WatchCounter { count: Arc::default(), stream: stream.try_clone().unwrap() };
        let count = changes.count.clone();
        std::thread::spawn(move || {
            while receive(&mut stream).is_ok() {
                *count.0.lock().unwrap() += 1;
                count.1.notify_all();
            }
        });
        changes
    }

    /// The number of changes so far.
    pub fn count(&self) -> u64 {
        *self.count.0.lock().unwrap()
    }

    /// Waits until there are more than `seen`; false at the deadline.
    pub fn wait_beyond(&self, seen: u64, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let count = self.count.0.lock().unwrap();
        let (count, _) =
            self.count.1.wait_timeout_while(count, left, |count| *count <= seen).unwrap();
        *count > seen
    }
}

impl Drop for WatchCounter {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}
