//! Reads numbers and attributes from bytes of any length, without access out of bounds.

/// The two high bits of an attribute's type are flags.
const NLA_TYPE_MASK: u16 = 0x3fff;

/// The first `length` bytes, and those after them and their padding. `None` if there are fewer, or if
/// `length` is less than `least`.
pub fn split(bytes: &[u8], length: Option<usize>, least: usize) -> Option<(&[u8], &[u8])> {
    let length = length.filter(|&length| length >= least)?;
    let piece = bytes.get(..length)?;
    Some((piece, bytes.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

/// Calls `take` with the type and value of each attribute; `None` if one is malformed.
pub fn each_attribute(
    mut rest: &[u8],
    mut take: impl FnMut(u16, &[u8]) -> Option<()>,
) -> Option<()> {
    while !rest.is_empty() {
        let (attribute, after) = split(rest, u16_at(rest, 0).map(usize::from), 4)?;
        take(u16_at(attribute, 2)? & NLA_TYPE_MASK, attribute.get(4..)?)?;
        rest = after;
    }
    Some(())
}

/// The bytes before the first NUL.
pub fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// The number at this offset, in the machine's byte order.
pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_ne_bytes)
}

/// The number at this offset, in the machine's byte order.
pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
}
