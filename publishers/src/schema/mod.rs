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
pub use root::{Ours, QUOTA_PROBES, Root, is_ours, root_of, roots};
use root::{UPDATED, root};

/// A layout of the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// The keys that XAPI, Xen Orchestra, XenCenter and OpenXT read.
    Std,
    /// The same, with each NIC as the VIF of its interface index: for `--publisher stdout` on machines
    /// without VIFs.
    StdEveryNic,
    /// The layout of the RFC: every NIC, VIF or not.
    Rfc,
    /// Only the key that says that the agent is uninstalled.
    Withdrawn,
}

impl Schema {
    /// The keys of `state`. From `published`, addresses keep their index, samples that moved little keep their
    /// value, and the keys of sources that are not known yet and of other programs stay.
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

    /// The keys of the memory: total and available, in KiB.
    #[must_use]
    pub fn memory_keys(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Std | Self::StdEveryNic => Some((std::MEMORY_TOTAL, std::MEMORY_FREE)),
            Self::Rfc => Some((rfc::MEMORY_TOTAL, rfc::MEMORY_FREE)),
            Self::Withdrawn => None,
        }
    }

    /// The doorbell: the key that is written again with the same value if only keys have changed that hosts do
    /// not watch but should read.
    #[must_use]
    pub fn doorbell(self) -> Option<&'static str> {
        match self {
            Self::Std | Self::StdEveryNic => Some(std::DOORBELL),
            Self::Rfc | Self::Withdrawn => None,
        }
    }

    /// Whether hosts should read a change of this key, which they do not watch.
    #[must_use]
    pub fn needs_doorbell(self, path: &str) -> bool {
        self.doorbell().is_some() && std::needs_doorbell(path)
    }

    /// Whether this key is a sample. Samples change all the time and do not update [`Schema::updated_key`].
    #[must_use]
    pub fn is_sample(self, path: &str) -> bool {
        self.updated_key().is_some() && std::is_sample(path)
    }
}

/// The path to log if the host denies `path`: for an entry of a list, the list.
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

/// Keeps `data/updated`: without it squeezed would assume that the guest is still booting, and reserve all
/// the memory with which it was started.
fn withdrawn(published: &Tree) -> Tree {
    let mut tree = Tree::default();
    tree.set(std::UNINSTALLED, "1");
    tree.copy_subtree(published, UPDATED.path);
    tree
}

/// The value to publish of a sample: the published one, unless the new one differs by `step` or more.
fn sampled(published: Option<&str>, now: u64, step: u64) -> u64 {
    let known = published.and_then(facts::decimal);
    known.filter(|known: &u64| known.abs_diff(now) < step).unwrap_or(now)
}
