//! Reads small text files that somebody else wrote: bounded, and never failing on their bytes.

use std::cell::RefCell;
use std::fs::{self, DirEntry, File};
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

/// What is read of one file, in bytes. The longest real one has under 2 KiB.
pub const LIMIT: u64 = 64 * 1024;

/// How long to wait before another look where the system had nothing left to open files with.
pub const PAUSE: Duration = Duration::from_secs(5);

/// The text of the file: at most [`LIMIT`] bytes, what is not UTF-8 replaced by U+FFFD.
///
/// # Errors
/// As open(2) and read(2) have them; a file that is not there is `NotFound`.
pub fn text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    record_exhaustion(File::open(path))?.take(LIMIT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The first line of the file, trimmed; `None` where there is no such file or nothing in it.
pub fn first_line(path: &Path) -> Option<String> {
    let text = text(path).ok()?;
    let line = text.lines().next()?.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// What is in the directory; nothing where there is none.
pub fn entries(directory: &Path) -> impl Iterator<Item = DirEntry> + use<> {
    record_exhaustion(fs::read_dir(directory)).into_iter().flatten().flatten()
}

thread_local! {
    static EXHAUSTED: RefCell<Option<io::Error>> = const { RefCell::new(None) };
}

/// What `look` sees.
///
/// # Errors
/// When the system had nothing left to open files with meanwhile: what there is would have been taken
/// for absent.
pub fn check_fd_exhaustion<T>(look: impl FnOnce() -> T) -> io::Result<T> {
    EXHAUSTED.take();
    let seen = look();
    EXHAUSTED.take().map_or(Ok(seen), Err)
}

fn record_exhaustion<T>(opened: io::Result<T>) -> io::Result<T> {
    if let Some(error) = opened.as_ref().err().filter(|error| is_exhaustion(error)) {
        EXHAUSTED.set(error.raw_os_error().map(io::Error::from_raw_os_error));
    }
    opened
}

/// Whether the file is not at fault: [`seen`] will tell of it.
pub fn is_exhaustion(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM))
}
