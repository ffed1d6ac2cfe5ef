//! Processors for which the crate seccompiler makes no filters: i686, armv7 and others.

use std::io;

use super::Allowed;

/// Installs nothing.
///
/// # Errors
/// Always: there is no filter.
pub fn restrict(Allowed { write_access: _write, sockets: _sockets }: Allowed) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "no filter for this processor"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::UnixSockets;

    #[test]
    fn missing_filter_is_an_error_that_says_so() {
        let allowed = Allowed { write_access: false, sockets: UnixSockets::None };
        assert_eq!(restrict(allowed).unwrap_err().to_string(), "no filter for this processor");
    }
}
