//! How a collector sleeps: in one poll(2), until its source, a refresh, the end or a time.
//!
//! Nothing else here wakes up: no tick, no shared timer.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// The collectors' reins: refreshes them all; dropping it ends them all.
#[derive(Debug, Default)]
pub struct Reins(Vec<UnixStream>);

/// A collector's end of the reins.
#[derive(Debug)]
pub struct Wake(UnixStream);

/// Why a collector woke up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// The source has something to read.
    Source,
    /// Collect everything afresh.
    Refresh,
    /// Return.
    End,
    /// The time is over.
    Timeout,
}

impl Reins {
    /// Makes a collector's end.
    ///
    /// # Errors
    /// When the system has no descriptors left.
    pub fn wake(&mut self) -> io::Result<Wake> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        theirs.set_nonblocking(true)?;
        self.0.push(ours);
        Ok(Wake(theirs))
    }

    /// Has every collector collect afresh.
    pub fn refresh(&mut self) {
        for collector in &mut self.0 {
            // Full: a refresh waits there already. Closed: that collector has ended.
            let _ = collector.write(&[0]);
        }
    }
}

impl Wake {
    /// Sleeps until `source` is readable, a refresh, the end, or until `timeout` is over.
    pub fn wait(&self, source: Option<RawFd>, timeout: Option<Duration>) -> Woken {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            // poll(2) passes over a negative descriptor.
            let mut fds = [pollfd(self.0.as_raw_fd()), pollfd(source.unwrap_or(-1))];
            let ready = poll(&mut fds, milliseconds_until(deadline));
            let [wake, source] = fds.map(|fd| fd.revents != 0);
            match ready {
                Ok(_) if wake => return self.take(),
                Ok(_) if source => return Woken::Source,
                Ok(_) if deadline.is_some_and(|at| at <= Instant::now()) => return Woken::Timeout,
                // Interrupted by a signal, or the longest single wait is over.
                Ok(_) | Err(_) => {}
            }
        }
    }

    fn take(&self) -> Woken {
        let mut bytes = [0; 64];
        match (&self.0).read(&mut bytes) {
            Ok(0) => Woken::End,
            _ => Woken::Refresh,
        }
    }
}

fn pollfd(fd: i32) -> libc::pollfd {
    libc::pollfd { fd, events: libc::POLLIN, revents: 0 }
}

/// For poll(2): rounded up, so that a wake-up is never early; -1 is for ever.
fn milliseconds_until(deadline: Option<Instant>) -> i32 {
    deadline.map_or(-1, |at| {
        let left = at.saturating_duration_since(Instant::now());
        i32::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
    })
}

fn poll(fds: &mut [libc::pollfd], timeout: i32) -> io::Result<i32> {
    let count = fds.len() as libc::nfds_t;
    // SAFETY: `fds` is valid for `count` entries for the whole call, and poll keeps no pointer to it.
    let ready = unsafe { libc::poll(fds.as_mut_ptr(), count, timeout) };
    if ready < 0 { Err(io::Error::last_os_error()) } else { Ok(ready) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reins() -> (Reins, Wake) {
        let mut reins = Reins::default();
        let wake = reins.wake().unwrap();
        (reins, wake)
    }

    #[test]
    fn dropping_the_reins_ends_the_wait() {
        let (reins, wake) = reins();
        drop(reins);
        assert_eq!(wake.wait(None, None), Woken::End);
    }

    #[test]
    fn refreshes_that_came_together_are_one() {
        let (mut reins, wake) = reins();
        reins.refresh();
        reins.refresh();
        assert_eq!(wake.wait(None, None), Woken::Refresh);
        assert_eq!(wake.wait(None, Some(Duration::ZERO)), Woken::Timeout);
    }

    #[test]
    fn a_timeout_is_never_early() {
        let (_reins, wake) = reins();
        let start = Instant::now();
        assert_eq!(wake.wait(None, Some(Duration::from_micros(1_500))), Woken::Timeout);
        assert!(start.elapsed() >= Duration::from_micros(1_500));
    }
}
