//! The date and the time since boot, in seconds. On 32 bits the standard library's clock aborts the process
//! after 2038-01-19, so both are read by calls with 64 bits.

#[cfg(not(target_os = "linux"))]
mod fallback;
#[cfg(all(target_os = "linux", not(target_pointer_width = "32")))]
mod linux;
#[cfg(all(target_os = "linux", target_pointer_width = "32"))]
mod linux_32;

#[cfg(not(target_os = "linux"))]
use fallback::{unix_time, uptime};
#[cfg(all(target_os = "linux", not(target_pointer_width = "32")))]
use linux::{unix_time, uptime};
#[cfg(all(target_os = "linux", target_pointer_width = "32"))]
use linux_32::{unix_time, uptime};

/// Seconds in a day.
pub const DAY: i64 = 24 * 60 * 60;

/// A point in time by both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Seconds since 1970-01-01T00:00:00Z, by the date at that time.
    pub unix: i64,
    /// Seconds since boot; time in suspend counts.
    pub uptime: i64,
}

impl Moment {
    /// The current time.
    #[must_use]
    pub fn now() -> Self {
        Self { unix: unix_time(), uptime: uptime() }
    }

    /// The same point in time by the date of `now`, if the date was stepped by more than a day since.
    #[must_use]
    pub fn after_step(self, now: Self) -> Self {
        let unix = now.unix.saturating_sub(now.uptime.saturating_sub(self.uptime));
        if unix.abs_diff(self.unix) > DAY.unsigned_abs() { Self { unix, ..self } } else { self }
    }

    /// When the system was booted, in seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn booted(self) -> i64 {
        self.unix.saturating_sub(self.uptime)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moment_follows_a_step_of_more_than_a_day_and_no_smaller_one() {
        let start = Moment { unix: 100, uptime: 50 };
        let set_to = |unix| start.after_step(Moment { unix, uptime: 60 }).unix;
        assert_eq!(set_to(110 + DAY), 100);
        assert_eq!(set_to(111 + DAY), 101 + DAY);
        assert_eq!(set_to(109 - DAY), 99 - DAY);
        assert_eq!(set_to(i64::MAX), i64::MAX - 10);
    }

    #[test]
    fn date_is_between_2020_and_2200_and_uptime_does_not_go_back() {
        let (first, second) = (Moment::now(), Moment::now());
        assert!((1_577_836_800..7_258_118_400).contains(&first.unix), "{first:?}");
        assert!(first.uptime <= second.uptime && first.uptime > 0, "{first:?} {second:?}");
    }
}
