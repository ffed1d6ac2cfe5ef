//! The delay between two reads of the network, so that a flood of changes costs little. Pure.

use std::time::Duration;

/// The shortest delay.
const SHORTEST: Duration = Duration::from_millis(50);
/// The longest delay, during a flood without end.
const LONGEST: Duration = Duration::from_secs(1);

/// The delay after the next read.
#[derive(Debug)]
pub struct Debounce(Duration);

impl Default for Debounce {
    fn default() -> Self {
        Self(SHORTEST)
    }
}

impl Debounce {
    /// The delay now; the next one is twice as long.
    pub fn delay(&mut self) -> Duration {
        let delay = self.0;
        self.0 = delay.saturating_mul(2).min(LONGEST);
        delay
    }

    /// Nothing has changed: the next delay is the shortest again.
    pub fn calm(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delay_doubles_up_to_a_second_and_starts_again_after_calm() {
        let mut debounce = Debounce::default();
        let delays: Vec<_> = (0..7).map(|_| debounce.delay().as_millis()).collect();
        assert_eq!(delays, [50, 100, 200, 400, 800, 1000, 1000]);
        debounce.calm();
        assert_eq!(debounce.delay(), SHORTEST);
    }
}
