//! The pause between two lists of the network, so that a flood of changes costs little. Pure.

use std::time::Duration;

/// The first pause, which is that between two batches of the publisher.
const SHORTEST: Duration = Duration::from_millis(50);
/// The longest pause, during a flood without end.
const LONGEST: Duration = Duration::from_millis(200);

/// The least time from one list to the next.
#[derive(Debug)]
pub struct Debounce(Duration);

impl Default for Debounce {
    fn default() -> Self {
        Self(SHORTEST)
    }
}

impl Debounce {
    /// How long to wait for the next list, if a change came so long after the last one. The pause doubles with each
    /// change that must wait; after a quiet time the first change does not wait.
    pub fn rest(&mut self, since: Duration) -> Duration {
        let rest = self.0.saturating_sub(since);
        self.0 = if rest.is_zero() { SHORTEST } else { (self.0 * 2).min(LONGEST) };
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pause_doubles_up_to_200_ms_and_starts_again_after_a_quiet_time() {
        let mut debounce = Debounce::default();
        let mut rest = |since| debounce.rest(Duration::from_millis(since)).as_millis();
        assert_eq!([1, 0, 0, 10].map(&mut rest), [49, 100, 200, 190]);
        assert_eq!([200, 1, 300, 20].map(&mut rest), [0, 49, 0, 30]);
    }
}
