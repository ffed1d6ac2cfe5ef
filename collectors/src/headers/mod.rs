//! Numbers from C headers: sizes, offsets, constants and ioctl requests, each with its C expression. Numbers
//! only, no code.
//!
//! `examples/headers.rs` turns each table into C, and `tests/headers` compiles that with the system's own
//! headers. So every number here is checked.

pub mod freebsd;
pub mod linux;
pub mod netbsd;

/// A number and the C expression that must have this value.
#[derive(Clone, Copy, Debug)]
pub struct Checked {
    /// The expression in C: `offsetof(struct sockaddr_dl, sdl_index)`.
    pub expression: &'static str,
    /// Its value.
    pub value: u64,
}

/// Defines constants, and the table `ALL` for the check.
macro_rules! constants {
    ($($(#[$comment:meta])* $name:ident: $type:ty = $value:expr, $expression:literal;)*) => {
        $($(#[$comment])* pub const $name: $type = $value;)*

        /// Each constant of this file with its C expression.
        pub const ALL: &[super::Checked] =
            &[$(super::Checked { expression: $expression, value: $value as u64 }),*];
    };
}
use constants;
