//! When to feed a watchdog. Whose it is and how it is fed is not known here.

use std::time::{Duration, Instant};

/// A watchdog, which bites unless it is fed once in an interval.
pub struct Watchdog {
    interval: Duration,
    fed: Instant,
    feed: Box<dyn FnMut()>,
}

impl Watchdog {
    /// One that was fed just now.
    pub fn new(interval: Duration, feed: Box<dyn FnMut()>) -> Self {
        Self { interval, fed: Instant::now(), feed }
    }

    /// Feeds it, unless it was fed less than a quarter of the interval ago. To be called whenever
    /// there is something to do anyway: so hardly ever a wake-up is for the watchdog alone.
    pub fn feed(&mut self) {
        if self.fed.elapsed() >= self.interval / 4 {
            (self.feed)();
            self.fed = Instant::now();
        }
    }

    /// When it has to be fed again, come what may.
    pub fn due(&self) -> Instant {
        self.fed + self.interval / 2
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
    fn a_loop_that_is_busy_feeds_it_now_and_then() {
        let (mut watchdog, times) = counted(Duration::from_secs(3600));
        (0..1000).for_each(|_| watchdog.feed());
        assert_eq!(times.get(), 0);
        watchdog.fed -= Duration::from_secs(901);
        (0..1000).for_each(|_| watchdog.feed());
        assert_eq!(times.get(), 1);
    }

    #[test]
    fn it_is_fed_when_due_and_due_half_an_interval_later() {
        let (mut watchdog, times) = counted(Duration::from_secs(3600));
        watchdog.fed -= Duration::from_secs(1800);
        assert!(watchdog.due() <= Instant::now());
        watchdog.feed();
        assert_eq!(times.get(), 1);
        assert!(watchdog.due() > Instant::now() + Duration::from_secs(1790));
    }
}
