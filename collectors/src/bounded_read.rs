//! Reads small text files that other programs may change. A read has a size limit, never blocks on a FIFO or a
//! device, and never fails because of the bytes in the file.

use std::cell::RefCell;
use std::fs::{self, DirEntry, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The number of bytes that are read of one file at most. Real files have under 2 KiB.
pub const LIMIT: u64 = 64 * 1024;

/// The delay before the next try if no file could be opened because of a limit.
pub const PAUSE: Duration = Duration::from_secs(5);

/// The text of the file: at most [`LIMIT`] bytes. Bytes that are not UTF-8 are replaced by U+FFFD; a byte order
/// mark, which some editors write, is removed.
///
/// # Errors
/// As stat(2), open(2) and read(2) return them. A file that does not exist is `NotFound`, a FIFO, socket
/// or device is `InvalidInput`.
pub fn text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    record_exhaustion(open_regular(path))?.take(LIMIT).read_to_end(&mut bytes)?;
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
    Ok(String::from_utf8_lossy(text).into_owned())
}

/// Opens a regular file. A device is not even opened: that alone may have an effect (a watchdog starts).
/// `O_NONBLOCK` and the second check are for a FIFO that replaces the file between the two calls.
fn open_regular(path: &Path) -> io::Result<File> {
    check_regular(&fs::metadata(path)?)?;
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    check_regular(&file.metadata()?)?;
    Ok(file)
}

fn check_regular(metadata: &fs::Metadata) -> io::Result<()> {
    match metadata.file_type() {
        kind if kind.is_dir() => Err(io::Error::from_raw_os_error(libc::EISDIR)),
        kind if kind.is_file() => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
    }
}

/// The first line of the file, trimmed; `None` if there is no such file or the line is empty.
pub fn first_line(path: &Path) -> Option<String> {
    let text = text(path).ok()?;
    let line = text.lines().next()?.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// The entries of the directory; none if it does not exist.
pub fn entries(directory: &Path) -> impl Iterator<Item = DirEntry> + use<> {
    let entries = record_exhaustion(fs::read_dir(directory));
    entries.into_iter().flatten().filter_map(|entry| record_exhaustion(entry).ok())
}

/// The path without symbolic links; `None` if it does not exist.
pub fn canonical(path: &Path) -> Option<PathBuf> {
    record_exhaustion(fs::canonicalize(path)).ok()
}

/// The target of the symbolic link; `None` if there is no link.
pub fn link_target(link: &Path) -> Option<PathBuf> {
    record_exhaustion(fs::read_link(link)).ok()
}

/// Whether there is a file, directory or device at the path.
pub fn exists(path: &Path) -> bool {
    record_exhaustion(fs::metadata(path)).is_ok()
}

thread_local! {
    static EXHAUSTED: RefCell<Option<io::Error>> = const { RefCell::new(None) };
}

/// Runs `collect` and returns its result.
///
/// # Errors
/// If a call in `collect` failed with `EMFILE`, `ENFILE`, `ENOMEM` or `ENOSYS`: the result would show a
/// file that exists as missing.
pub fn check_fd_exhaustion<T>(collect: impl FnOnce() -> T) -> io::Result<T> {
    EXHAUSTED.take();
    let result = collect();
    EXHAUSTED.take().map_or(Ok(result), Err)
}

fn record_exhaustion<T>(opened: io::Result<T>) -> io::Result<T> {
    if let Some(error) = opened.as_ref().err().filter(|error| is_exhaustion(error)) {
        EXHAUSTED.set(error.raw_os_error().map(io::Error::from_raw_os_error));
    }
    opened
}

/// Whether the error is not about the file: the system has no descriptors or memory left, or the sandbox
/// refused the call (`ENOSYS`). [`check_fd_exhaustion`] returns this error.
pub fn is_exhaustion(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::ENOSYS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifo_is_invalid_input_and_directory_is_eisdir() {
        let directory = std::env::temp_dir();
        let fifo = directory.join(format!("xga-fifo-{}", std::process::id()));
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let error = text(&fifo).unwrap_err();
        fs::remove_file(&fifo).unwrap();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(text(&directory).unwrap_err().raw_os_error(), Some(libc::EISDIR));
        assert_eq!(text(Path::new("/dev/null")).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
