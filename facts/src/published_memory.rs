//! The published memory. The memory collector compares with it and sends only samples that would be written: a
//! sample that is not sent wakes no other thread.

use std::time::Instant;

use crate::Memory;

/// The published memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedMemory {
    /// The published figures.
    pub memory: Memory,
    /// From this time on the next sample is needed even if it has not moved, as a sign of life.
    pub due: Option<Instant>,
}

impl PublishedMemory {
    /// Whether the publisher would write something for this sample at the time `now`.
    #[must_use]
    pub fn is_outdated_by(&self, sample: &Memory, now: Instant) -> bool {
        let step = sample.step();
        self.due.is_some_and(|due| due <= now)
            || self.memory.balloon != sample.balloon
            || self.memory.total.abs_diff(sample.total) >= step
            || self.memory.available.abs_diff(sample.available) >= step
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn sample_outdates_the_published_one_by_a_step_or_when_it_is_due() {
        let memory = Memory { total: 8_388_608, available: 4_000_000, balloon: true };
        let now = Instant::now();
        let published = PublishedMemory { memory, due: None };
        let is_news = |sample: Memory| published.is_outdated_by(&sample, now);
        assert_eq!(memory.step(), 16_384);
        assert!(!is_news(Memory { available: 4_016_383, ..memory }));
        assert!(is_news(Memory { available: 4_016_384, ..memory }));
        assert!(is_news(Memory { available: 3_983_616, ..memory }));
        assert!(is_news(Memory { total: 8_405_024, ..memory }));
        assert!(is_news(Memory { balloon: false, ..memory }));
        for (due, is_needed) in [(now, true), (now + Duration::from_secs(1), false)] {
            let published = PublishedMemory { memory, due: Some(due) };
            assert_eq!(published.is_outdated_by(&memory, now), is_needed);
        }
    }

    #[test]
    fn step_of_a_small_guest_is_one_mib() {
        assert_eq!(Memory { total: 207_744, available: 0, balloon: false }.step(), 1024);
    }
}
