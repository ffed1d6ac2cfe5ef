//! A collector sleeps in one poll(2) until its source is ready, a refresh, the shutdown or a timeout. There is no
//! tick and no shared timer.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// Wakes the collectors: `refresh` makes all of them collect again, dropping it ends them.
#[derive(Debug, Default)]
pub struct CollectorHandles(Vec<UnixStream>);

/// A collector's end of its [`CollectorHandles`].
#[derive(Debug)]
pub struct WakeReceiver(UnixStream);

/// A descriptor that a collector waits for.
#[derive(Clone, Copy, Debug)]
pub enum PollSource {
    /// Ready when there are bytes to read.
    PollIn(RawFd),
    /// Ready after a change of a file in /proc that can be polled for changes (`sysctl`s, `mountinfo`). Such a
    /// file is always readable.
    PollPri(RawFd),
}

/// Why a collector woke up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeReason {
    /// At least one of the sources is ready, or has an error.
    Ready,
    /// Collect everything again.
    Refresh,
    /// Return.
    Shutdown,
    /// The time is over.
    Timeout,
}

impl CollectorHandles {
    /// Makes a collector's end.
    ///
    /// # Errors
    /// When the system has no descriptors left.
    pub fn new_receiver(&mut self) -> io::Result<WakeReceiver> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        theirs.set_nonblocking(true)?;
        self.0.push(ours);
        Ok(WakeReceiver(theirs))
    }

    /// Makes every collector collect again.
    pub fn refresh(&mut self) {
        for collector in &mut self.0 {
            // Full: a refresh is pending already. Closed: that collector has ended.
            let _ = collector.write(&[0]);
        }
    }
}

impl WakeReceiver {
    /// Sleeps until one of the `sources` is ready, a refresh, the shutdown, or until `timeout` is over.
    pub fn wait(&self, sources: &[PollSource], timeout: Option<Duration>) -> WakeReason {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut fds = vec![pollfd(PollSource::PollIn(self.0.as_raw_fd()))];
        fds.extend(sources.iter().copied().map(pollfd));
        loop {
            let wait = milliseconds_until(deadline);
            let ready = poll(&mut fds, wait);
            let woken = |fd: &libc::pollfd| ready.is_ok() && fd.revents != 0;
            if fds.first().is_some_and(woken) {
                return self.read_wake();
            }
            if fds.iter().any(woken) {
                return WakeReason::Ready;
            }
            // The kernel reports a timeout, whatever the clock reads now. Otherwise a signal came, or the longest
            // single wait is over.
            if ready.is_ok() && wait < i32::MAX {
                return WakeReason::Timeout;
            }
        }
    }

    fn read_wake(&self) -> WakeReason {
        let mut bytes = [0; 64];
        match (&self.0).read(&mut bytes) {
            Ok(0) => WakeReason::Shutdown,
            _ => WakeReason::Refresh,
        }
    }
}

fn pollfd(source: PollSource) -> libc::pollfd {
    let (fd, events) = match source {
        PollSource::PollIn(fd) => (fd, libc::POLLIN),
        PollSource::PollPri(fd) => (fd, libc::POLLPRI),
    };
    libc::pollfd { fd, events, revents: 0 }
}

/// The timeout for poll(2), rounded up, so that a wake-up is never early; -1 is for ever.
fn milliseconds_until(deadline: Option<Instant>) -> i32 {
    deadline.map_or(-1, |at| {
        let left = at.saturating_duration_since(Instant::now());
        i32::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
    })
}

#[allow(unsafe_code, reason = "a system call")]
fn poll(fds: &mut [libc::pollfd], timeout: i32) -> io::Result<i32> {
    let count = fds.len() as libc::nfds_t;
    // SAFETY: `fds` is valid for `count` entries for the whole call, and poll keeps no pointer to it.
    let ready = unsafe { libc::poll(fds.as_mut_ptr(), count, timeout) };
    if ready < 0 { Err(io::Error::last_os_error()) } else { Ok(ready) }
}

/// Waits until the source is ready or has an error; false after `timeout`.
#[must_use]
pub fn is_ready(source: PollSource, timeout: Duration) -> bool {
    let deadline = Instant::now().checked_add(timeout);
    poll(&mut [pollfd(source)], milliseconds_until(deadline)).is_ok_and(|ready| ready > 0)
}

/// Whether a write would not block now. Also true for a broken descriptor, on which the write then fails.
#[must_use]
pub fn is_writable(fd: RawFd) -> bool {
    let mut fds = [libc::pollfd { fd, events: libc::POLLOUT, revents: 0 }];
    poll(&mut fds, 0).is_ok_and(|ready| ready > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handles() -> (CollectorHandles, WakeReceiver) {
        let mut handles = CollectorHandles::default();
        let wake = handles.new_receiver().unwrap();
        (handles, wake)
    }

    #[test]
    fn dropped_handles_end_the_wait() {
        let (handles, wake) = handles();
        drop(handles);
        assert_eq!(wake.wait(&[], None), WakeReason::Shutdown);
    }

    #[test]
    fn refreshes_that_came_together_are_one() {
        let (mut handles, wake) = handles();
        handles.refresh();
        handles.refresh();
        assert_eq!(wake.wait(&[], None), WakeReason::Refresh);
        assert_eq!(wake.wait(&[], Some(Duration::ZERO)), WakeReason::Timeout);
    }

    #[test]
    fn timeout_is_never_early() {
        let (_handles, wake) = handles();
        let start = Instant::now();
        assert_eq!(wake.wait(&[], Some(Duration::from_micros(1_500))), WakeReason::Timeout);
        assert!(start.elapsed() >= Duration::from_micros(1_500));
    }
}
