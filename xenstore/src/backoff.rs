//! How long to wait before xenstored is tried again: longer each time, up to a bound.

use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// Grows with each failure; starts over with one that comes long after the last try, which had
/// worked then. A connection that is closed as soon as it is made is no success.
#[derive(Debug, Default)]
pub struct Backoff {
    last: Option<(Instant, Duration)>,
}

impl Backoff {
    /// Notes a failure; how long to wait before the next try.
    pub fn wait(&mut self) -> Duration {
        let now = Instant::now();
        let recent = self.last.filter(|(due, _)| now.saturating_duration_since(*due) < LONGEST);
        let wait = recent.map_or(FIRST, |(_, last)| last.saturating_mul(2).min(LONGEST));
        self.last = Some((now + wait, wait));
        wait
    }
}
