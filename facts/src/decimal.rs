//! Decimal numbers in xenstore paths and values: only the form in which they are printed is parsed.

use std::fmt::Display;
use std::str::FromStr;

/// Parses a number that prints as exactly `text`: no sign, no leading zero, no blank.
///
/// [`str::parse`] also takes `+7` and `007`. As the name of a node these are other nodes than `7`.
#[must_use]
pub fn decimal<T: FromStr + Display>(text: &str) -> Option<T> {
    text.parse().ok().filter(|number: &T| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_rejects_what_prints_differently() {
        assert_eq!(decimal("0"), Some(0_u32));
        assert_eq!(decimal("4294967295"), Some(u32::MAX));
        for text in ["", "+7", "-7", "007", "00", " 7", "7 ", "0x7", "7.0", "4294967296"] {
            assert_eq!(decimal::<u32>(text), None, "{text:?}");
        }
    }
}
