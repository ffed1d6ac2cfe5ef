//! Ethernet addresses as text: printed in one form, parsed in either case.

use std::fmt;
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
}
