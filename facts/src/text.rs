//! Ethernet addresses and decimal numbers as text. Of numbers, only the form in which they are printed is parsed.

use std::fmt::{self, Display};
use std::str::FromStr;

/// An Ethernet address; displayed as `aa:bb:cc:dd:ee:ff`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mac(pub [u8; 6]);

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl FromStr for Mac {
    type Err = ParseMacError;

    /// Six pairs of hexadecimal digits, upper or lower case, with colons between them.
    fn from_str(text: &str) -> Result<Self, ParseMacError> {
        let mut octets = [0; 6];
        let mut parts = text.split(':');
        for octet in &mut octets {
            let digits = parts.next().filter(|digits| digits.len() == 2).ok_or(ParseMacError)?;
            // A sign would be accepted as a part of the number.
            digits.bytes().all(|b| b.is_ascii_hexdigit()).then_some(()).ok_or(ParseMacError)?;
            *octet = u8::from_str_radix(digits, 16).map_err(|_| ParseMacError)?;
        }
        if parts.next().is_some() { Err(ParseMacError) } else { Ok(Self(octets)) }
    }
}

/// A text that is not an Ethernet address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseMacError;

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
    fn mac_is_parsed_in_either_case_and_other_texts_are_rejected() {
        let mac = Ok(Mac([0, 0x16, 0x3e, 0xab, 0xcd, 0xef]));
        assert_eq!("00:16:3e:ab:cd:ef".parse(), mac);
        assert_eq!("00:16:3E:Ab:CD:EF".parse(), mac);
        for text in [
            "",
            "00:16:3e:ab:cd",
            "00:16:3e:ab:cd:ef:01",
            "0:16:3e:ab:cd:ef",
            "+0:16:3e:ab:cd:ef",
            "00-16-3e-ab-cd-ef",
            "00:16:3e:ab:cd:eg",
            "00:16:3e:ab:cd:é",
        ] {
            assert_eq!(text.parse::<Mac>(), Err(ParseMacError), "{text:?}");
        }
    }

    #[test]
    fn decimal_rejects_what_prints_differently() {
        assert_eq!(decimal("0"), Some(0_u32));
        assert_eq!(decimal("4294967295"), Some(u32::MAX));
        for text in ["", "+7", "-7", "007", "00", " 7", "7 ", "0x7", "7.0", "4294967296"] {
            assert_eq!(decimal::<u32>(text), None, "{text:?}");
        }
    }
}
