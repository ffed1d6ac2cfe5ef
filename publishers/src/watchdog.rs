//! When to ping a watchdog. The caller provides the function that pings it.

use std::time::{Duration, Instant};

/// A watchdog, which must be pinged at least once an interval.
pub struct Watchdog {
    interval: Duration,
    last: Instant,
    send: Box<dyn FnMut()>,
}

impl Watchdog {
    /// A watchdog that was pinged just now. `send` pings it.
    pub fn new(interval: Duration, send: Box<dyn FnMut()>) -> Self {
        Self { interval, last: Instant::now(), send }
    }

    /// Pings it, unless the last ping was less than a quarter of the interval ago. Call this whenever the
    /// thread is awake, so that it rarely wakes only for the watchdog.
    pub fn ping(&mut self) {
        if self.last.elapsed() >= self.interval / 4 {
            (self.send)();
            self.last = Instant::now();
        }
    }

    /// When the next ping is due.
    pub fn due(&self) -> Instant {
        self.last + self.interval / 2
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    fn counted(interval: Duration) -> (Watchdog, Rc<Cell<u32>>) {
        let times = Rc::new(Cell::new(0));
        let counter = times.clone();
        (Watchdog::new(interval, Box::new(move || counter.set(counter.get() + 1))), times)
    }

    #[test]
    fn busy_loop_pings_once_in_a_quarter_of_the_interval() {
        let (mut watchdog, times) = counted(Duration::from_secs(3600));
        (0..1000).for_each(|_| watchdog.ping());
        assert_eq!(times.get(), 0);
        watchdog.last -= Duration::from_secs(901);
        (0..1000).for_each(|_| watchdog.ping());
        assert_eq!(times.get(), 1);
    }

    #[test]
    fn ping_is_due_after_half_the_interval() {
        let (mut watchdog, times) = counted(Duration::from_secs(3600));
        watchdog.last -= Duration::from_secs(1800);
        assert!(watchdog.due() <= Instant::now());
        watchdog.ping();
        assert_eq!(times.get(), 1);
        assert!(watchdog.due() > Instant::now() + Duration::from_secs(1790));
    }
}
