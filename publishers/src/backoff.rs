//! How long to wait before the next try: longer each time, up to a bound.

use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// Grows with each failure, starts over with a success.
#[derive(Debug, Default)]
pub struct Backoff {
    last: Option<Duration>,
}

impl Backoff {
    /// Notes a failure; the time of the next try.
    pub fn next_try(&mut self) -> Instant {
        let wait = self.last.map_or(FIRST, |last| last.saturating_mul(2).min(LONGEST));
        self.last = Some(wait);
        Instant::now() + wait
    }

    /// Notes a success.
    pub fn reset(&mut self) {
        self.last = None;
    }
}
