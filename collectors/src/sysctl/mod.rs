//! sysctl(3): values of the BSDs' kernels. Only reads.

#[cfg(any(target_os = "freebsd", target_os = "netbsd"))]
mod bsd;

#[cfg(any(target_os = "freebsd", target_os = "netbsd"))]
pub use bsd::{by_mib, by_name, exists, number};

/// The number in a sysctl's value, of any integer type of C.
#[must_use]
pub fn unsigned(bytes: &[u8]) -> Option<u64> {
    let four = bytes.try_into().map(u32::from_ne_bytes).map(u64::from);
    four.or_else(|_| bytes.try_into().map(u64::from_ne_bytes)).ok()
}

/// The text in a sysctl's value. Some end with a NUL, some do not.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    let text = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

/// Sixteen bytes, as a UUID is written; `None` for another number of bytes.
#[must_use]
pub fn uuid(bytes: &[u8]) -> Option<String> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    let mut digits = format!("{:032x}", u128::from_be_bytes(bytes));
    [20, 16, 12, 8].into_iter().for_each(|at| digits.insert(at, '-'));
    Some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bytes_are_written_as_a_uuid_and_others_are_none() {
        let bytes: Vec<u8> = (0..16).collect();
        assert_eq!(uuid(&bytes).as_deref(), Some("00010203-0405-0607-0809-0a0b0c0d0e0f"));
        assert_eq!([&[][..], &bytes[1..], &[0; 17]].map(uuid), [const { None }; 3]);
    }

    #[test]
    fn number_has_four_or_eight_bytes() {
        assert_eq!(unsigned(&7_u32.to_ne_bytes()), Some(7));
        assert_eq!(unsigned(&(7_u64 << 40).to_ne_bytes()), Some(7 << 40));
        assert_eq!([&[][..], &[1], &[0; 5], &[0; 16]].map(unsigned), [None; 4]);
    }

    #[test]
    fn text_ends_at_its_nul_or_its_end() {
        assert_eq!(text(b"device/vif/0"), "device/vif/0");
        assert_eq!(text(b"xn0\0\xff\xff"), "xn0");
        assert_eq!(text(b""), "");
    }
}
