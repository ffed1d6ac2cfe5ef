//! A fake xenstore. It checks each request as xenstored and the toolstacks do, and which program owns a key.

use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use publishers::key_tree::Tree;
use publishers::keys::{is_ours, root_of};
use publishers::store::Store;
use xenstore::Error;
use xenstore_rs::Xs;

use crate::check_key;

/// The doorbell may be written with the value that it has.
const DOORBELL: &str = "attr/PVAddons/BuildVersion";

/// A fault of one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The connection ends.
    Lost,
    /// An error of this name.
    Error(&'static str),
}

/// The nodes.
#[derive(Debug, Default)]
pub struct Nodes {
    nodes: BTreeMap<String, String>,
    /// Keys of other programs, which must stay.
    others: Vec<(String, String)>,
    /// Faults of the next requests, in reverse order.
    pub faults: Vec<Option<Fault>>,
    /// A read failed, so a value may be written that the node has already.
    pub unread: bool,
    /// The writes and removals that succeeded.
    pub requests: Vec<String>,
}

impl Nodes {
    /// Writes a node as another program.
    pub fn write_as_other(&mut self, path: &str, value: &str) {
        self.set(path, value);
    }

    /// Remembers which of the nodes are other programs'.
    pub fn remember_others(&mut self) {
        let is_others = |path: &str, value: &str| !value.is_empty() && !is_ours(path, value);
        let others = self.nodes.iter().filter(|(path, value)| is_others(path, value));
        self.others = others.map(|(path, value)| (path.clone(), value.clone())).collect();
    }

    /// Checks that these have not changed.
    pub fn check_others(&self) {
        for (path, value) in &self.others {
            assert_eq!(self.nodes.get(path), Some(value), "{path} is another's");
        }
    }

    /// The keys: nodes with a value or without children, except for the toolstack's directories.
    #[must_use]
    pub fn keys(&self) -> Tree {
        let mut tree = Tree::default();
        for (path, value) in &self.nodes {
            let is_below = root_of(path).is_some_and(|root| !root.is_shared() || path != root.path);
            if is_below && (!value.is_empty() || self.children(path).is_empty()) {
                match is_ours(path, value) {
                    true => tree.set_raw(path, value.clone()),
                    false => tree.set_others(path),
                }
            }
        }
        tree
    }

    fn set(&mut self, path: &str, value: &str) {
        let ends = path.match_indices('/').map(|(at, _)| at);
        for end in ends {
            self.nodes.entry(path.split_at(end).0.into()).or_default();
        }
        self.nodes.insert(path.into(), value.into());
    }

    fn fault(&mut self) -> io::Result<()> {
        match self.faults.pop().flatten() {
            None => Ok(()),
            Some(Fault::Lost) => Err(io::ErrorKind::BrokenPipe.into()),
            Some(Fault::Error(name)) => Err(xs_error(name)),
        }
    }

    fn read_fault(&mut self) -> io::Result<()> {
        self.fault().inspect_err(|_| self.unread = true)
    }

    fn children(&self, path: &str) -> Vec<Box<str>> {
        let prefix = format!("{path}/");
        let below =
            self.nodes.range(prefix.clone()..).map_while(|(node, _)| node.strip_prefix(&prefix));
        below.filter(|name| !name.contains('/')).map(Box::from).collect()
    }

    fn write(&mut self, path: &str, value: &str) -> io::Result<()> {
        let root = root_of(path).expect("a root above all that is written");
        let is_emptied =
            value.is_empty() && self.nodes.get(path).is_some_and(|held| !held.is_empty());
        if !is_emptied {
            check_key(path, value);
        }
        assert!(root.owns(path, value), "{path} = {value:?}");
        let is_new = self.nodes.get(path).is_none_or(|held| held != value);
        assert!(
            is_new || self.unread || path == DOORBELL || path == "data/updated",
            "{path} was {value:?} already"
        );
        self.fault()?;
        self.set(path, value);
        self.requests.push(format!("write {path} {value}"));
        Ok(())
    }

    fn rm(&mut self, path: &str) -> io::Result<()> {
        let root = root_of(path).expect("a root at or above all that is removed");
        assert!(!root.is_shared() || path != root.path, "{path} is the toolstack's");
        self.fault()?;
        let at = self.nodes.remove(path).ok_or_else(|| xs_error("ENOENT"));
        let prefix = format!("{path}/");
        self.nodes.retain(|node, _| !node.starts_with(&prefix));
        self.requests.push(format!("rm {path}"));
        at.map(drop)
    }
}

fn xs_error(name: &str) -> io::Error {
    Error::of_name(name).into()
}

/// The fake, shared by the publisher and the target.
#[derive(Clone, Debug, Default)]
pub struct FakeXenstore(Rc<RefCell<Nodes>>);

impl FakeXenstore {
    /// The nodes.
    #[must_use]
    pub fn nodes(&self) -> RefMut<'_, Nodes> {
        self.0.borrow_mut()
    }
}

impl Store for FakeXenstore {}

impl Xs for FakeXenstore {
    fn directory(&self, path: &str) -> io::Result<Vec<Box<str>>> {
        let mut nodes = self.nodes();
        nodes.read_fault()?;
        Ok(nodes.children(path))
    }

    fn read(&self, path: &str) -> io::Result<Box<str>> {
        let mut nodes = self.nodes();
        nodes.read_fault()?;
        nodes.nodes.get(path).map(|value| value.as_str().into()).ok_or_else(|| xs_error("ENOENT"))
    }

    fn write(&self, path: &str, data: &str) -> io::Result<()> {
        self.nodes().write(path, data)
    }

    fn rm(&self, path: &str) -> io::Result<()> {
        self.nodes().rm(path)
    }
}
