//! A fake xenstore for the tests of this crate, with faults that a test chooses. The program as a whole is
//! tested on the real xenstored.

#![allow(missing_docs)]

use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use xenstore::Error;
use xenstore_rs::Xs;

use super::Store;
use crate::key_tree::Tree;

#[derive(Clone, Debug)]
pub enum Fault {
    Lost,
    Refused(&'static str),
}

#[derive(Debug, Default)]
pub struct Fake {
    nodes: BTreeMap<String, String>,
    /// The results of the next requests, in reverse order.
    pub faults: Vec<Option<Fault>>,
    /// The writes and removals that succeeded.
    pub requests: Vec<String>,
    /// The quota of nodes.
    pub room: Option<usize>,
    /// The host denies each removal of a node that exists.
    pub is_removal_denied: bool,
    /// The writes that failed at the quota.
    pub refused: usize,
    /// A directory in which no node can be created.
    pub full: Option<&'static str>,
    /// A node that cannot be read.
    pub unreadable: Option<&'static str>,
    /// The reads.
    pub reads: usize,
}

impl Fake {
    /// The keys: nodes with a value or without children.
    pub fn keys(&self) -> Tree {
        let mut tree = Tree::default();
        for (path, value) in &self.nodes {
            if !value.is_empty() || self.children(path).is_empty() {
                tree.set_raw(path, value.clone());
            }
        }
        tree
    }

    fn fault(&mut self) -> io::Result<()> {
        match self.faults.pop().flatten() {
            None => Ok(()),
            Some(Fault::Lost) => Err(io::ErrorKind::BrokenPipe.into()),
            Some(Fault::Refused(name)) => Err(refusal(name)),
        }
    }

    fn children(&self, path: &str) -> Vec<Box<str>> {
        let prefix = format!("{path}/");
        let names = self.nodes.keys().filter_map(|node| node.strip_prefix(&prefix));
        names.filter(|name| !name.contains('/')).map(Box::from).collect()
    }

    fn write(&mut self, path: &str, data: &str) -> io::Result<()> {
        self.fault()?;
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
        let missing =
            ends.filter_map(|end| path.get(..end)).filter(|node| !self.nodes.contains_key(*node));
        let missing: Vec<&str> = missing.collect();
        let is_short = self.room.is_some_and(|room| self.nodes.len() + missing.len() > room);
        let is_full = self.full.is_some_and(|full| path.starts_with(full));
        if (is_short || is_full) && !missing.is_empty() {
            self.refused += 1;
            return Err(refusal("ENOSPC"));
        }
        for node in missing {
            self.nodes.insert(node.into(), String::new());
        }
        self.nodes.insert(path.into(), data.into());
        self.requests.push(format!("write {path} {data}"));
        Ok(())
    }

    fn rm(&mut self, path: &str) -> io::Result<()> {
        self.fault()?;
        if self.is_removal_denied && self.nodes.contains_key(path) {
            return Err(refusal("EACCES"));
        }
        self.nodes.remove(path).ok_or_else(|| refusal("ENOENT"))?;
        let prefix = format!("{path}/");
        self.nodes.retain(|node, _| !node.starts_with(&prefix));
        self.requests.push(format!("rm {path}"));
        Ok(())
    }
}

fn refusal(name: &str) -> io::Error {
    Error::of_name(name).into()
}

/// One fake, shared by the session and the test.
#[derive(Clone, Debug, Default)]
pub struct FakeXenstore(Rc<RefCell<Fake>>);

impl FakeXenstore {
    pub fn see(&self) -> RefMut<'_, Fake> {
        self.0.borrow_mut()
    }
}

impl Store for FakeXenstore {}

impl Xs for FakeXenstore {
    fn directory(&self, path: &str) -> io::Result<Vec<Box<str>>> {
        self.see().fault()?;
        Ok(self.see().children(path))
    }

    fn read(&self, path: &str) -> io::Result<Box<str>> {
        self.see().fault()?;
        let mut fake = self.see();
        fake.reads += 1;
        if fake.unreadable == Some(path) {
            return Err(refusal("EIO"));
        }
        fake.nodes.get(path).map(|value| value.as_str().into()).ok_or_else(|| refusal("ENOENT"))
    }

    fn write(&self, path: &str, data: &str) -> io::Result<()> {
        self.see().write(path, data)
    }

    fn rm(&self, path: &str) -> io::Result<()> {
        self.see().rm(path)
    }
}
