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

#[cfg(test)]
mod tests {
    use super::*;

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
