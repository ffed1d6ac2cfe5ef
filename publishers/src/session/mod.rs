//! An open store and what is known of it: makes one change at a time and takes note of what came of
//! it. Which changes, and in which order, is for [`batch`] to say.
//!
//! What is known as published advances on success only, so what failed comes again with the next
//! difference. No transactions: at a quota one loses everything, over a suspend it cannot commit.

mod batch;
mod room;

use std::collections::BTreeSet;
use std::io;

use log::{debug, warn};

use crate::adopt::adopt;
use crate::diff::Change;
use crate::store::{Failure, Store};
use crate::tree::Tree;
pub use batch::Outcome;

/// An open store and what is known of it.
pub struct Session {
    store: Box<dyn Store>,
    published: Tree,
    /// Paths that the store will not take; asked again only after it was read back.
    denied: BTreeSet<String>,
    /// Those that were told of, once and for all.
    told_denied: BTreeSet<String>,
    /// A batch changed something and has not been stamped yet.
    unstamped: bool,
    full: bool,
    troubled: bool,
}

/// What became of one request.
enum Done {
    Yes,
    Never,
    Later,
    Full(String),
}

impl Session {
    /// A store of which nothing is known yet: [`Session::reread`] finds out.
    pub fn new(store: Box<dyn Store>) -> Self {
        Self {
            store,
            published: Tree::default(),
            denied: BTreeSet::new(),
            told_denied: BTreeSet::new(),
            unstamped: false,
            full: false,
            troubled: false,
        }
    }

    /// Goes on with a new connection.
    pub fn connect(&mut self, store: Box<dyn Store>) {
        self.store = store;
    }

    /// Reads back what the store holds now.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn reread(&mut self) -> io::Result<()> {
        self.published = adopt(self.store.as_ref())?;
        self.denied.clear();
        Ok(())
    }

    /// What the store is known to hold.
    pub fn published(&self) -> &Tree {
        &self.published
    }

    /// Whether the store can be opened again when the connection is lost.
    pub fn reopens(&self) -> bool {
        self.store.reopens()
    }

    /// Makes one change; what is known as published follows.
    fn make(&mut self, change: &Change) -> io::Result<Done> {
        let result = match change {
            Change::Remove(path) => self.store.rm(path),
            Change::Write(path, value) => self.store.write(path, value),
        };
        let path = change.path();
        match (result.map_err(Failure::from), change) {
            (Ok(()), Change::Write(_, value)) => {
                debug!("write {path} = {value:?}");
                self.published.set_raw(path, value.clone());
                Ok(Done::Yes)
            }
            (Ok(()) | Err(Failure::Absent), Change::Remove(_)) => {
                debug!("remove {path}");
                self.published.remove(path);
                Ok(Done::Yes)
            }
            (Err(Failure::Lost(error)), _) => Err(error),
            (Err(Failure::Full(why)), _) => Ok(Done::Full(why)),
            (Err(Failure::Denied(why)), _) => {
                if self.told_denied.insert(path.to_owned()) {
                    warn!("{path}: the store refuses it ({why}); the agent does without");
                }
                self.denied.insert(path.to_owned());
                Ok(Done::Never)
            }
            (Err(Failure::Passing(why)), _) => Ok(self.later(path, &why)),
            (Err(Failure::Absent), Change::Write(..)) => Ok(self.later(path, "ENOENT")),
        }
    }

    fn later(&mut self, path: &str, why: &str) -> Done {
        if !std::mem::replace(&mut self.troubled, true) {
            warn!("{path}: the store failed ({why}); it will be tried again");
        }
        Done::Later
    }
}

#[cfg(test)]
mod tests;
