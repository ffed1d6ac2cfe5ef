//! Reads small text files that somebody else wrote: bounded, and never failing on their bytes.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// What is read of one file, in bytes. The longest real one has under 2 KiB.
pub const LIMIT: u64 = 64 * 1024;

/// The text of the file: at most [`LIMIT`] bytes, what is not UTF-8 replaced by U+FFFD.
///
/// # Errors
/// As open(2) and read(2) have them; a file that is not there is `NotFound`.
pub fn text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LIMIT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The first line of the file, trimmed; `None` where there is no such file or nothing in it.
pub fn first_line(path: &Path) -> Option<String> {
    let text = text(path).ok()?;
    let line = text.lines().next()?.trim();
    (!line.is_empty()).then(|| line.to_owned())
}
