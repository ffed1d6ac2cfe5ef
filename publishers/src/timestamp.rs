//! Points in time as hosts read them: RFC 3339, UTC, to the second.

use std::time::{Duration, SystemTime};

use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime};

/// `2026-01-31T12:34:56Z`.
pub fn rfc3339(at: SystemTime) -> String {
    let at = OffsetDateTime::from(at);
    at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default()
}

/// Whether this is a time as [`rfc3339`] writes it.
pub fn is_rfc3339(text: &str) -> bool {
    let shape = text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    shape.eq(*b"0000-00-00T00:00:00Z")
}

/// The time between `text`, a time as [`rfc3339`] writes it, and `now`; `None` where it is no such time or
/// `now` is earlier.
pub fn age(text: &str, now: SystemTime) -> Option<Duration> {
    if !is_rfc3339(text) {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u16>().ok();
    let small = |from: usize| u8::try_from(number(from, from + 2)?).ok();
    let month = Month::try_from(small(5)?).ok()?;
    let date = Date::from_calendar_date(number(0, 4)?.into(), month, small(8)?).ok()?;
    let time = date.with_hms(small(11)?, small(14)?, small(17)?).ok()?.assume_utc();
    now.duration_since(time.into()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_is_counted_from_a_time_as_it_is_written() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_796_000_000);
        assert_eq!(
            age(&rfc3339(now - Duration::from_secs(600)), now),
            Some(Duration::from_secs(600))
        );
        assert_eq!(age(&rfc3339(now), now), Some(Duration::ZERO));
        assert_eq!(age(&rfc3339(now + Duration::from_secs(1)), now), None);
        for text in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z"] {
            assert_eq!(age(text, now), None, "{text:?}");
        }
    }
}
