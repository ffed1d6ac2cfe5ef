//! Delays between attempts to connect to xenstored: each longer than the last, up to a limit.

use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// Doubles from 100 ms to 10 s. Starts again at 100 ms if the last attempt was due 10 s ago or more:
/// that one succeeded. A connection that is closed as soon as it is made is not a success.
#[derive(Debug, Default)]
pub struct Backoff {
    last: Option<(Instant, Duration)>,
}

impl Backoff {
    /// Records a failure and returns the delay before the next attempt. Does not wait.
    pub fn next_delay(&mut self) -> Duration {
        let now = Instant::now();
        let recent = self.last.filter(|(due, _)| now.saturating_duration_since(*due) < LONGEST);
        let delay = recent.map_or(FIRST, |(_, last)| last.saturating_mul(2).min(LONGEST));
        self.last = Some((now + delay, delay));
        delay
    }
}
