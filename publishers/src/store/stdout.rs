//! Standard output as a store: first the whole tree as a host would read it, then one line for each change.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{self, Write};

use facts::set_of;
use xenstore::Error;
use xenstore_rs::Xs;

use super::Store;
use crate::key_tree::Tree;

/// Prints the changes on standard output, and keeps the keys in memory.
#[derive(Debug, Default)]
pub struct Stdout(RefCell<Shown>);

#[derive(Debug, Default)]
struct Shown {
    keys: Tree,
    /// The first batch has been printed.
    live: bool,
}

impl Shown {
    fn say(&self, line: impl FnOnce() -> String) -> io::Result<()> {
        if self.live { print(&line()) } else { Ok(()) }
    }
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

impl Store for Stdout {
    fn batch_done(&self) -> io::Result<()> {
        let mut shown = self.0.borrow_mut();
        if std::mem::replace(&mut shown.live, true) {
            return Ok(());
        }
        print(&drawn(&shown.keys))
    }

    fn can_reconnect(&self) -> bool {
        false
    }
}

impl Xs for Stdout {
    fn directory(&self, path: &str) -> io::Result<Vec<Box<str>>> {
        let shown = self.0.borrow();
        let names = set_of(shown.keys.below(path).filter_map(|(rest, _)| rest.split('/').next()));
        Ok(names.into_iter().map(Box::from).collect())
    }

    fn read(&self, path: &str) -> io::Result<Box<str>> {
        let shown = self.0.borrow();
        match shown.keys.get(path) {
            Some(value) => Ok(value.into()),
            None if shown.keys.has_subtree(path) => Ok("".into()),
            None => Err(Error::NotFound.into()),
        }
    }

    fn write(&self, path: &str, data: &str) -> io::Result<()> {
        let mut shown = self.0.borrow_mut();
        shown.keys.set_raw(path, data.into());
        shown.say(|| format!("write  {path} = \"{data}\"\n"))
    }

    fn rm(&self, path: &str) -> io::Result<()> {
        let mut shown = self.0.borrow_mut();
        shown.keys.remove(path);
        shown.say(|| format!("remove {path}\n"))
    }
}

/// The keys as a tree, one line for each node.
fn drawn(keys: &Tree) -> String {
    let mut out = String::new();
    let mut above: Vec<&str> = Vec::new();
    for (path, value) in keys.iter() {
        let parts: Vec<&str> = path.split('/').collect();
        let shared = above.iter().zip(&parts).take_while(|(a, b)| a == b).count();
        for (depth, name) in parts.iter().enumerate().skip(shared) {
            let end =
                if depth + 1 == parts.len() { format!(" = \"{value}\"") } else { String::new() };
            let _ = writeln!(out, "{:indent$}{name}{end}", "", indent = depth * 2);
        }
        above = parts;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tree_is_printed_with_indented_nodes() {
        let mut keys = Tree::default();
        for (path, value) in [("a/b", "1"), ("a/b/c", "2"), ("a/d/e", ""), ("f", "3")] {
            keys.set(path, value);
        }
        assert_eq!(drawn(&keys), "a\n  b = \"1\"\n    c = \"2\"\n  d\n    e = \"\"\nf = \"3\"\n");
    }
}
