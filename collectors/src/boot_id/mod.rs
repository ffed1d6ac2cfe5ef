//! The kernel's id of this boot, if it has one.

#[cfg_attr(target_os = "freebsd", path = "freebsd.rs")]
#[cfg_attr(target_os = "netbsd", path = "netbsd.rs")]
#[cfg_attr(not(any(target_os = "freebsd", target_os = "netbsd")), path = "linux.rs")]
mod platform;

pub use platform::read;

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
    use super::uuid;

    #[test]
    fn sixteen_bytes_are_written_as_a_uuid_and_others_are_none() {
        let bytes: Vec<u8> = (0..16).collect();
        assert_eq!(uuid(&bytes).as_deref(), Some("00010203-0405-0607-0809-0a0b0c0d0e0f"));
        assert_eq!([&[][..], &bytes[1..], &[0; 17]].map(uuid), [const { None }; 3]);
    }
}
