//! Points in time in the format that hosts read: RFC 3339, UTC, in seconds.

use std::time::Duration;

use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime};

/// 9999-12-31T23:59:59Z: the format has four digits for the year.
const LAST: i64 = 253_402_300_799;

/// `2026-01-31T12:34:56Z`, of seconds since 1970. A time before 1970 or after 9999 becomes the first or last
/// second of that range.
pub fn rfc3339(unix: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(unix.clamp(0, LAST));
    at.ok().and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default()
}

/// Whether this is a time in the format of [`rfc3339`], whose texts sort as the times do.
pub fn is_rfc3339(text: &str) -> bool {
    let shape = text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    shape.eq(*b"0000-00-00T00:00:00Z")
}

/// The time from `text`, in the format of [`rfc3339`], to `now`; `None` if it has another format or `now` is
/// earlier.
pub fn age(text: &str, now: i64) -> Option<Duration> {
    if !is_rfc3339(text) {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u16>().ok();
    let small = |from: usize| u8::try_from(number(from, from + 2)?).ok();
    let month = Month::try_from(small(5)?).ok()?;
    let date = Date::from_calendar_date(number(0, 4)?.into(), month, small(8)?).ok()?;
    let time = date.with_hms(small(11)?, small(14)?, small(17)?).ok()?.assume_utc();
    now.checked_sub(time.unix_timestamp())?.try_into().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_is_counted_from_a_time_as_it_is_written() {
        let now = 1_796_000_000;
        assert_eq!(age(&rfc3339(now - 600), now), Some(Duration::from_secs(600)));
        assert_eq!(age(&rfc3339(now), now), Some(Duration::ZERO));
        assert_eq!(age(&rfc3339(now + 1), now), None);
        for text in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z"] {
            assert_eq!(age(text, now), None, "{text:?}");
        }
    }

    #[test]
    fn times_beyond_2038_and_outside_of_four_digit_years_are_rfc3339() {
        for (unix, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1 << 31, "2038-01-19T03:14:08Z"),
            (1 << 32, "2106-02-07T06:28:16Z"),
            (i64::MIN, "1970-01-01T00:00:00Z"),
            (i64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(unix), text);
            assert!(is_rfc3339(text));
        }
    }
}
