//! A table that poll(2) always reports: a FIFO whose writer has closed it.

use std::fs::{self, OpenOptions};
use std::process::{self, Command};
use std::sync::mpsc;
use std::thread;

use super::*;
use crate::poll::CollectorHandles;

/// Ends a wait that would otherwise be endless.
const LIMIT: Duration = Duration::from_secs(10);

#[test]
fn wait_with_a_table_that_is_always_ready_returns_timeout() {
    let root = std::env::temp_dir().join(format!("xga-busy-tables-{}", process::id()));
    fs::create_dir_all(root.join("proc/self")).unwrap();
    fs::write(root.join("proc/self/mountinfo"), "1 0 0:1 / / rw - tmpfs x rw\n").unwrap();
    let fifo = root.join("proc/swaps");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let writer = OpenOptions::new().read(true).write(true).open(&fifo).unwrap();
    let mut tracker = Tracker::new(&root, Box::new(|path| panic!("statvfs of {path}")));
    drop(writer);
    tracker.look_up();
    let mut handles = CollectorHandles::default();
    let wake = handles.new_receiver().unwrap();
    assert_eq!(wake.wait(&tracker.sources(), None), WakeReason::Ready);
    let (done, is_done) = mpsc::channel::<()>();
    let limit = thread::spawn(move || {
        let _ = is_done.recv_timeout(LIMIT);
        drop(handles);
    });
    let reason = wait(&mut tracker, &wake, DEBOUNCE / 2);
    drop(done);
    limit.join().unwrap();
    fs::remove_dir_all(&root).unwrap();
    assert_eq!(reason, WakeReason::Timeout);
}
