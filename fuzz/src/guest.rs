//! A guest's files in a directory of their own, made anew for each input.
//!
//! Inputs come from a fuzzer that runs as root: whatever they say, nothing outside of the directory
//! may be read or written. So a path has no `..`, nothing is made behind a link, and a link leads up
//! with leading `..`s only, never above the directory. Such a link cannot lead out, nor can a chain.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};
use std::process;

/// The directory; `$TMPDIR` should be in memory.
pub struct Guest(PathBuf);

impl Guest {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        let root = std::env::temp_dir().join(format!("xga-fuzz-{}", process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).expect("a directory in $TMPDIR");
        Self(fs::canonicalize(root).expect("a directory that was just made"))
    }

    /// Where the guest's `/` is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// Makes a file, where that is possible.
    pub fn file(&self, path: &[u8], text: &[u8]) {
        if let Some(path) = self.place(path) {
            let _ = fs::write(path, text);
        }
    }

    /// Makes a directory, where that is possible.
    pub fn directory(&self, path: &[u8]) {
        if let Some(path) = self.place(path) {
            let _ = fs::create_dir(path);
        }
    }

    /// Makes a link, where that is possible.
    pub fn link(&self, path: &[u8], target: &[u8]) {
        let target = Path::new(OsStr::from_bytes(target));
        let up = target.components().take_while(|part| *part == Component::ParentDir).count();
        let goes_down =
            target.components().skip(up).all(|part| matches!(part, Component::Normal(_)));
        let Some(path) = self.place(path) else { return };
        let depth = path.components().count() - self.0.components().count() - 1;
        if up <= depth && goes_down {
            let _ = symlink(target, path);
        }
    }

    /// Makes what the lines say, in the format of `tests/disks.rs`; what is none of it is passed over.
    pub fn plant(&self, tree: &[u8]) {
        let mut lines = tree.split(|&b| b == b'\n').peekable();
        while let Some(line) = lines.next() {
            if let Some((path, text)) = split(line, b" = ") {
                self.file(path, &[text, b"\n"].concat());
            } else if let Some((path, target)) = split(line, b" -> ") {
                self.link(path, target);
            } else if let Some(path) = line.strip_suffix(b"/") {
                self.directory(path);
            } else if let Some(path) = line.strip_suffix(b":") {
                let mut text = Vec::new();
                while let Some(line) = lines.next_if(|line| line.starts_with(b"  ")) {
                    text.extend(line.trim_ascii_start());
                    text.push(b'\n');
                }
                self.file(path, &text);
            }
        }
    }

    /// The place of a path below the root, its directories made; none where it would be another's.
    fn place(&self, path: &[u8]) -> Option<PathBuf> {
        let path = Path::new(OsStr::from_bytes(path));
        let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        let place = self.0.join(path);
        let directory = place.parent().filter(|_| is_plain && path.file_name().is_some())?;
        fs::create_dir_all(directory).ok()?;
        // A file is not written through a link either.
        let is_free = place.symlink_metadata().is_err();
        (is_free && fs::canonicalize(directory).ok()? == directory).then_some(place)
    }
}

impl Default for Guest {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn split<'a>(line: &'a [u8], by: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = line.windows(by.len()).position(|window| window == by)?;
    Some((line.get(..at)?, line.get(at + by.len()..)?))
}
