//! The keys that each source wants to be published, and the changes that lead there. No I/O.
//!
//! A source that has not reported yet wants nothing known, so its keys stay as they are published.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::{Change, diff};
use crate::guest_state::{GuestState, Source};
use crate::key_tree::Tree;
use crate::keys::{ROOTS, roots_of};
use crate::schema::Schema;
use crate::selection::{count_nodes, select};

/// The largest number of our nodes. The frontends of NICs and disks use nodes of the same quota of the guest: if
/// the agent used the last one, a NIC or disk that is plugged in would fail.
pub const MAX_NODES: usize = 700;

/// The wanted keys of each source.
#[derive(Debug)]
pub struct Wanted {
    schema: Schema,
    keys: BTreeMap<Source, Tree>,
    /// The number of nodes of each.
    nodes: BTreeMap<Source, usize>,
    /// The sources whose keys may differ from the published ones.
    unequal: BTreeSet<Source>,
    /// Not all keys fit the limit.
    exceeds_limit: bool,
}

impl Wanted {
    /// No keys yet.
    #[must_use]
    pub fn new(schema: Schema) -> Self {
        let (keys, nodes) = (BTreeMap::new(), BTreeMap::new());
        Self { schema, keys, nodes, unequal: BTreeSet::new(), exceeds_limit: false }
    }

    /// Renders the keys of a source, if it is known.
    pub fn render(&mut self, source: Source, state: &GuestState, published: &Tree) {
        if state.is_known(source) {
            self.set(source, self.schema.render_source(source, state, published));
        }
    }

    pub(crate) fn set(&mut self, source: Source, keys: Tree) {
        self.nodes.insert(source, count_nodes(&keys));
        self.keys.insert(source, keys);
        self.unequal.insert(source);
    }

    /// Compares all sources with the published keys the next time.
    pub fn compare_all(&mut self) {
        self.unequal = self.keys.keys().copied().collect();
    }

    /// All changes have been tried.
    pub fn tried(&mut self) {
        self.unequal.clear();
    }

    /// Whether some keys are left out because of the limit.
    pub fn exceeds_limit(&self) -> bool {
        self.exceeds_limit
    }

    /// Whether the node is wanted, or one below it.
    pub fn has_subtree(&self, path: &str) -> bool {
        self.keys.values().any(|keys| keys.has_subtree(path))
    }

    /// The keys of all sources, or what `limit` nodes allow of them if [`Wanted::changes`] has found that they do
    /// not fit.
    pub fn selected(&self, published: &Tree, limit: usize) -> Tree {
        let mut all = Tree::default();
        self.keys.values().for_each(|keys| all.extend(keys.clone()));
        if self.exceeds_limit { select(&all, published, limit) } else { all }
    }

    /// The changes that the limit allows, in no order.
    pub fn changes(&mut self, published: &Tree, limit: usize) -> Vec<Change> {
        let exceeds = self.nodes.values().sum::<usize>() > limit;
        let exceeded = std::mem::replace(&mut self.exceeds_limit, exceeds);
        if self.exceeds_limit || exceeded {
            self.compare_all();
        }
        let roots = ROOTS.iter().filter(|root| self.keys.contains_key(&root.source));
        let mut changes: Vec<Change> = match self.exceeds_limit {
            true => diff(published, &self.selected(published, limit), roots),
            false => {
                let unequal = self.keys.iter().filter(|(source, _)| self.unequal.contains(source));
                unequal
                    .flat_map(|(source, keys)| diff(published, keys, roots_of(*source)))
                    .collect()
            }
        };
        changes.retain(|change| !self.schema.keeps(change.path()));
        changes
    }
}
