//! Standard output as a store: first the whole tree as a host would see it, then a line a change.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use xenstore::Refusal;
use xenstore_rs::Xs;

use super::Store;

/// Shows on standard output what would be written.
#[derive(Debug, Default)]
pub struct Stdout(RefCell<Shown>);

#[derive(Debug, Default)]
struct Shown {
    /// The first batch, until it is whole.
    tree: BTreeMap<String, String>,
    /// The first batch has been shown.
    live: bool,
}

impl Stdout {
    fn show(&self, line: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(line.as_bytes())?;
        out.flush()
    }
}

impl Store for Stdout {
    fn settle(&self) -> io::Result<()> {
        let mut shown = self.0.borrow_mut();
        if std::mem::replace(&mut shown.live, true) {
            return Ok(());
        }
        self.show(&drawn(&std::mem::take(&mut shown.tree)))
    }

    fn reopens(&self) -> bool {
        false
    }
}

impl Xs for Stdout {
    fn directory(&self, _path: &str) -> io::Result<Vec<Box<str>>> {
        Err(io::Error::other(Refusal("ENOENT".into())))
    }

    fn read(&self, _path: &str) -> io::Result<Box<str>> {
        Err(io::Error::other(Refusal("ENOENT".into())))
    }

    fn write(&self, path: &str, data: &str) -> io::Result<()> {
        let mut shown = self.0.borrow_mut();
        if shown.live {
            return self.show(&format!("write  {path} = \"{data}\"\n"));
        }
        shown.tree.insert(path.into(), data.into());
        Ok(())
    }

    fn rm(&self, path: &str) -> io::Result<()> {
        self.show(&format!("remove {path}\n"))
    }
}

/// The keys as a tree, a line a node.
fn drawn(keys: &BTreeMap<String, String>) -> String {
    let mut nodes = BTreeMap::<Vec<&str>, &str>::new();
    for (path, value) in keys {
        let parts: Vec<&str> = path.split('/').collect();
        for depth in 1..parts.len() {
            nodes.entry(parts.iter().take(depth).copied().collect()).or_insert("");
        }
        nodes.insert(parts, value);
    }
    let mut out = String::new();
    for (path, value) in &nodes {
        let (Some(name), depth) = (path.last(), path.len() - 1) else { continue };
        let _ = write!(out, "{:indent$}{name}", "", indent = depth * 2);
        let is_directory = value.is_empty()
            && nodes.range(path.clone()..).nth(1).is_some_and(|(next, _)| next.starts_with(path));
        let _ = if is_directory { writeln!(out) } else { writeln!(out, " = \"{value}\"") };
    }
    out
}
