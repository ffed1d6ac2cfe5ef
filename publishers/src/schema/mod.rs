//! The schemas: which keys a state of the guest makes. Pure; cannot fail.
//!
//! A schema names the roots that it owns and the source of the facts below each. The keys of a source that
//! has sent no fact yet stay as they are published. Every run owns the roots of all schemas: it removes what
//! an agent with another schema left.

mod rfc;
mod root;
mod shell_agent;
mod std;

use crate::guest_state::GuestState;
use crate::key_tree::Tree;
pub use root::{Ours, Root, is_ours, root_of, roots};
use root::{QUOTA_PROBE_ROOT, UPDATED, root};

/// Where the agent finds out, for a moment, whether nodes are free.
pub const QUOTA_PROBE: &str = QUOTA_PROBE_ROOT.path;

/// A way to lay out the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// What XAPI, Xen Orchestra, XenCenter and OpenXT read.
    Std,
    /// The same, each NIC shown as if it were the VIF of its interface index: for a look at the
    /// output on a machine that has no VIFs.
    StdEveryNic,
    /// The layout of the RFC: every NIC, VIF or not.
    Rfc,
    /// Only a key that says that there is no agent any more.
    Withdrawn,
}

impl Schema {
    /// The keys that `state` makes. `published` is what the store has: addresses keep their index, samples
    /// that hardly moved keep their value, and the keys of sources that are not known yet and those of
    /// other programs stay.
    #[must_use]
    pub fn render(self, state: &GuestState, published: &Tree) -> Tree {
        let (mut tree, own) = match self {
            Self::Std => (std::render(state, published, |link| link.vif), std::ROOTS),
            Self::StdEveryNic => {
                (std::render(state, published, |link| Some(link.index)), std::ROOTS)
            }
            Self::Rfc => (rfc::render(state, published), rfc::ROOTS),
            Self::Withdrawn => (withdrawn(published), [].as_slice()),
        };
        for root in own.iter().filter(|root| !state.is_known(root.source)) {
            tree.copy_subtree(published, root.path);
        }
        for (path, value) in published.iter().filter(|(path, value)| !is_ours(path, value)) {
            tree.set_raw(path, value.clone());
        }
        if let Some(updated) = self.updated_key() {
            tree.copy_subtree(published, updated);
        }
        tree
    }

    /// The key written last in each batch, with the time.
    #[must_use]
    pub fn updated_key(self) -> Option<&'static str> {
        match self {
            Self::Std | Self::StdEveryNic => Some(UPDATED.path),
            Self::Rfc | Self::Withdrawn => None,
        }
    }

    /// The keys of the memory's figures: total and available, in KiB.
    #[must_use]
    pub fn memory_keys(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Std | Self::StdEveryNic => Some((std::MEMORY_TOTAL, std::MEMORY_FREE)),
            Self::Rfc => Some((rfc::MEMORY_TOTAL, rfc::MEMORY_FREE)),
            Self::Withdrawn => None,
        }
    }

    /// The key to write again, with the same value, when only keys changed that hosts do not watch but
    /// should notice.
    #[must_use]
    pub fn doorbell(self) -> Option<&'static str> {
        match self {
            Self::Std | Self::StdEveryNic => Some(std::DOORBELL),
            Self::Rfc | Self::Withdrawn => None,
        }
    }

    /// Whether hosts should notice a change of this key, which they do not watch.
    #[must_use]
    pub fn needs_doorbell(self, path: &str) -> bool {
        self.doorbell().is_some() && std::needs_doorbell(path)
    }

    /// Whether this key holds a sample, which changes all the time and does not make a batch that
    /// [`Schema::updated_key`] dates.
    #[must_use]
    pub fn is_sample(self, path: &str) -> bool {
        self.updated_key().is_some() && std::is_sample(path)
    }
}

/// The path to name in the log where the host denies `path`: the list, where the path is that of an entry.
#[must_use]
pub fn reported_as(path: &str) -> &str {
    rfc::list_of(path).unwrap_or(path)
}

/// The node of the NIC that `path` is below.
#[must_use]
pub fn nic_of(path: &str) -> Option<&str> {
    let tops = ["attr/vif/", "xenserver/attr/net-sriov-vf/", "data/net/"];
    let rest = tops.iter().find_map(|top| path.strip_prefix(top))?;
    path.get(..path.len() - rest.len() + rest.find('/')?)
}

/// The guest has still booted: without `data/updated` squeezed would conclude that it has not, and reserve
/// all the memory that it was started with.
fn withdrawn(published: &Tree) -> Tree {
    let mut tree = Tree::default();
    tree.set(std::UNINSTALLED, "1");
    tree.copy_subtree(published, UPDATED.path);
    tree
}

/// A sampled figure as it is published: the published one, unless the new one has moved by `step`.
fn sampled(published: Option<&str>, now: u64, step: u64) -> u64 {
    let known = published.and_then(facts::decimal);
    known.filter(|known: &u64| known.abs_diff(now) < step).unwrap_or(now)
}
