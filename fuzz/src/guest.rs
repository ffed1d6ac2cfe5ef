//! A guest's files in a directory, which is made again for each input.
//!
//! The fuzzer may run as root, so no input may read or write outside of the directory. A path has no `..`;
//! no file is made behind a link; a link has `..` only at its beginning, and not so many that it would lead
//! above the directory. So no link and no chain of links leads out.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};
use std::process;

/// The directory; `$TMPDIR` should be in memory.
pub struct Guest(PathBuf);

impl Guest {
    /// An empty directory.
    #[must_use]
    pub fn new() -> Self {
        let root = std::env::temp_dir().join(format!("xga-fuzz-{}", process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).expect("a directory in $TMPDIR");
        Self(fs::canonicalize(root).expect("a directory that was just made"))
    }

    /// The directory of the guest's `/`.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// Makes a file, if the path allows it.
    pub fn file(&self, path: &[u8], text: &[u8]) {
        if let Some(path) = self.place(path) {
            let _ = fs::write(path, text);
        }
    }

    /// Makes a directory, if the path allows it.
    pub fn directory(&self, path: &[u8]) {
        if let Some(path) = self.place(path) {
            let _ = fs::create_dir(path);
        }
    }

    /// Makes a link, if path and target allow it.
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

    /// Makes files from lines in the format of `tests/disks.rs`. Other lines are skipped.
    pub fn make_tree(&self, tree: &[u8]) {
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

    /// The path below the root; makes its directories. None if it could lead out or exists already.
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
