//! A full store: what matters most takes the place of what matters less.

use std::io;

use log::warn;

use super::{Done, Session};
use crate::diff::{Change, topmost_stale};
use crate::order::KeyPriorities;
use crate::schema::root_of;

impl Session {
    /// Says once that the store is full, until it is not any more.
    pub(super) fn tell_full(&mut self, why: &str) {
        if !std::mem::replace(&mut self.full, true) {
            warn!(
                "the store is full ({why}); what matters most is published, the rest when there is room"
            );
        }
    }

    /// Makes one change; where the store is full for it, in the place of what matters less.
    pub(super) fn apply_evicting(
        &mut self,
        change: &Change,
        importance: &KeyPriorities,
    ) -> io::Result<Done> {
        let mut done = self.make(change)?;
        if matches!(done, Done::Quota(_)) {
            for lesser in self.eviction_candidates(change.path(), importance) {
                self.evict(&lesser)?;
                done = self.make(change)?;
                if !matches!(done, Done::Quota(_)) {
                    break;
                }
            }
        }
        Ok(done)
    }

    /// Removes a key, and the directories that were there for it alone: they take room too.
    fn evict(&mut self, path: &str) -> io::Result<()> {
        let mut rest = self.published.clone();
        rest.remove(path);
        let node = topmost_stale(path, &rest).unwrap_or(path);
        self.make(&Change::Remove(node.to_owned())).map(drop)
    }

    /// What is published and matters less than `path`, the least first; nothing if all of it would
    /// not make room for `path`, and be removed in vain.
    fn eviction_candidates(&self, path: &str, importance: &KeyPriorities) -> Vec<String> {
        let rank = importance.rank(path);
        let is_ours = |path: &str, value: &str| root_of(path).is_some_and(|r| r.has_written(value));
        let ours = self.published.iter().filter(|(path, value)| is_ours(path, value));
        let ranked = ours.map(|(path, _)| (importance.rank(path), path.clone()));
        let mut lesser: Vec<(u8, String)> = ranked.filter(|(other, _)| *other > rank).collect();
        lesser.sort_unstable_by(|a, b| b.cmp(a));
        // The first directory is the toolstack's and there, with something of ours in it or not.
        let above = path.match_indices('/').filter_map(|(at, _)| path.get(..at)).skip(1);
        let needed = 1 + above.filter(|node| !self.published.reaches(node)).count();
        if lesser.len() < needed {
            lesser.clear();
        }
        lesser.into_iter().map(|(_, path)| path).collect()
    }
}
