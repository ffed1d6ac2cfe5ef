//! The program under test, as a process in a guest's namespaces.

use super::{PATIENCE, wait_for};
use libc::c_long;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The binary of these tests: that of `$AGENT_UNDER_TEST`, an absolute path, or else the one that cargo has built.
pub fn program() -> &'static str {
    static PROGRAM: LazyLock<String> = LazyLock::new(|| {
        std::env::var("AGENT_UNDER_TEST")
            .unwrap_or_else(|_| env!("CARGO_BIN_EXE_xen-guest-agent").into())
    });
    &PROGRAM
}

/// The calls behind poll(2), and behind a park. After SIGCONT both are called restart_syscall(2).
#[cfg(target_arch = "x86_64")]
const POLLS: &[c_long] = &[libc::SYS_poll, libc::SYS_ppoll, libc::SYS_restart_syscall];
#[cfg(not(target_arch = "x86_64"))]
const POLLS: &[c_long] = &[libc::SYS_ppoll, libc::SYS_restart_syscall];
const PARK: &[c_long] = &[libc::SYS_futex, libc::SYS_restart_syscall];

/// A running agent; killed when dropped.
pub struct Agent {
    process: Child,
    stdout: Receiver<String>,
    stderr: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

/// An agent that has ended.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// The time from [`Agent::stop`] or [`Agent::wait`] to its end.
    pub took: Duration,
}

impl Agent {
    pub fn spawn(mut command: Command) -> Agent {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let (lines, stdout) = channel();
        let stderr = Arc::new(Mutex::new(String::new()));
        let out = BufReader::new(process.stdout.take().unwrap());
        let (err, log) = (BufReader::new(process.stderr.take().unwrap()), stderr.clone());
        let readers = vec![
            thread::spawn(move || each_line(out, |line| drop(lines.send(line)))),
            thread::spawn(move || each_line(err, |line| *log.lock().unwrap() += &(line + "\n"))),
        ];
        Agent { process, stdout, stderr, readers }
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Waits until it has handled all that has happened. What it has logged, or what xenstored has of it, is no sign
    /// of that: it sets the time of its next try, for one, after a write is answered.
    pub fn wait_idle(&self) {
        wait_idle(self.pid());
    }

    /// Stops the process while it is idle, as a hypervisor suspends a guest, until a `CONT`.
    pub fn suspend(&self) {
        let is_suspended = wait_for(PATIENCE, || {
            self.signal("STOP");
            let was_idle = is_idle(self.pid());
            if !was_idle {
                self.signal("CONT");
            }
            was_idle
        });
        assert!(is_suspended, "the agent does not become idle");
    }

    /// All that it has logged so far.
    pub fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// Waits until it has logged this text.
    pub fn wait_logged(&self, text: &str) {
        self.wait_logged_times(text, 1);
    }

    pub fn wait_logged_times(&self, text: &str, times: usize) {
        let is_logged = wait_for(PATIENCE, || self.stderr().matches(text).count() >= times);
        assert!(is_logged, "{text:?} was not logged {times} times");
    }

    /// The next line of standard output that contains this text.
    pub fn wait_line(&self, text: &str) -> String {
        let mut seen = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        while let Ok(line) =
            self.stdout.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            if line.contains(text) {
                return line;
            }
            seen.push(line);
        }
        panic!("{text:?} was not printed, but:\n{}", seen.join("\n"));
    }

    /// Sends a signal, such as `HUP`.
    pub fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.pid());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success(), "{line}");
    }

    /// Sends a signal that ends it, and waits for that.
    pub fn stop(self, signal: &str) -> Finished {
        self.signal(signal);
        self.wait()
    }

    /// What each thread does in the kernel.
    fn threads(&self) -> String {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid())).into_iter().flatten();
        let files = tasks.flatten().flat_map(|task| {
            ["stat", "syscall", "stack"].map(|file| fs::read_to_string(task.path().join(file)))
        });
        files.flatten().collect()
    }

    /// Waits for its end.
    pub fn wait(self) -> Finished {
        self.wait_within(PATIENCE)
    }

    /// The same, if that may take longer.
    pub fn wait_within(mut self, limit: Duration) -> Finished {
        let start = Instant::now();
        let mut status: Option<ExitStatus> = None;
        let ended = wait_for(limit, || {
            status = self.process.try_wait().unwrap();
            status.is_some()
        });
        let took = start.elapsed();
        assert!(ended, "the agent did not end:\n{}", self.threads());
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
        let stdout = self.stdout.try_iter().map(|line| line + "\n").collect();
        Finished { code: status.and_then(|s| s.code()), stdout, stderr: self.stderr(), took }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // The process may be strace(1), whose child would go on without it.
        if self.process.try_wait().is_ok_and(|status| status.is_none()) {
            let pid = self.pid().to_string();
            let _ = Command::new("pkill").args(["-KILL", "-P", &pid]).status();
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
        if thread::panicking() {
            eprintln!("log of the agent:\n{}", self.stderr());
        }
    }
}

/// The same, of the agent with this process id.
pub(super) fn wait_idle(pid: u32) {
    assert!(wait_for(PATIENCE, || is_idle(pid)), "the agent does not become idle");
}

/// Whether it waits for events, or is stopped while it does. A collector calls poll(2) after it has sent its facts, or has failed to collect them.
/// The publisher parks, which is a futex(2), when there is no event left; it is looked at last, since the others send
/// to it.
fn is_idle(pid: u32) -> bool {
    let tasks = PathBuf::from(format!("/proc/{pid}/task"));
    let read = |id: &str, file| fs::read_to_string(tasks.join(id).join(file));
    // The number of the call, or `running`.
    let waits_in = |id: &str, calls: &[c_long]| {
        let call = read(id, "syscall").unwrap_or_default();
        calls.iter().any(|number| call.starts_with(&format!("{number} ")))
    };
    let ids = fs::read_dir(&tasks).into_iter().flatten().flatten();
    let ids = ids.map(|entry| entry.file_name().into_string().unwrap());
    let main = pid.to_string();
    let mut collectors =
        ids.filter(|id| *id != main && read(id, "comm").is_ok_and(|name| name != "signals\n"));
    collectors.all(|id| waits_in(&id, POLLS)) && waits_in(&main, PARK)
}

fn each_line(mut from: impl BufRead, mut take: impl FnMut(String)) {
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        take(String::from_utf8_lossy(&line).trim_end_matches('\n').into());
        line.clear();
    }
}
