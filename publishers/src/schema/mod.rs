//! The schemas: which keys a state of the guest makes. Pure; cannot fail.
//!
//! A schema names the roots that it owns and the source that tells each. What a source has not told
//! yet stays as it is published. Every run owns the roots of all schemas: what an agent with another
//! schema left behind is removed.

mod rfc;
mod std;

use crate::guest_state::{GuestState, Source};
use crate::key_tree::Tree;

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
    /// Nothing but that there is no agent any more.
    Withdrawn,
}

/// A part of the store that is ours.
#[derive(Clone, Copy, Debug)]
pub struct Root {
    /// A key, or a directory with all below it.
    pub path: &'static str,
    /// Who tells what is there.
    pub source: Source,
    /// A directory of the toolstack's in which others may write too: what our values begin with, one of
    /// these.
    pub mark: Option<&'static [&'static str]>,
}

const fn root(path: &'static str, source: Source) -> Root {
    Root { path, source, mark: None }
}

impl Root {
    /// Whether this value, read below the root, was written by an agent.
    #[must_use]
    pub fn has_written(&self, value: &str) -> bool {
        self.mark.is_none_or(|marks| marks.iter().any(|mark| value.starts_with(mark)))
    }
}

/// All roots, of all schemas.
pub fn roots() -> impl Iterator<Item = &'static Root> {
    std::ROOTS.iter().chain(rfc::ROOTS).chain([&STAMP])
}

/// Says when the last batch was written, and by being there that the guest has booted.
const STAMP: Root = root("data/updated", Source::Agent);

/// The root in which `path` lies.
#[must_use]
pub fn root_of(path: &str) -> Option<&'static Root> {
    let holds = |root: &str| {
        path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    roots().find(|root| holds(root.path))
}

impl Schema {
    /// The keys that `state` makes. `published` is what the store has: addresses keep their index,
    /// and what nobody has told yet stays, as does what is another program's.
    #[must_use]
    pub fn render(self, state: &GuestState, published: &Tree) -> Tree {
        let (mut tree, own) = match self {
            Self::Std => (std::render(state, published, |link| link.vif), std::ROOTS),
            Self::StdEveryNic => {
                (std::render(state, published, |link| Some(link.index)), std::ROOTS)
            }
            Self::Rfc => (rfc::render(state), rfc::ROOTS),
            Self::Withdrawn => (withdrawn(published), [].as_slice()),
        };
        for root in own.iter().filter(|root| !state.is_known(root.source)) {
            tree.keep(published, root.path);
        }
        for root in roots().filter(|root| root.mark.is_some()) {
            let others = published.below(root.path).filter(|(_, value)| !root.has_written(value));
            others.for_each(|(rest, value)| {
                tree.set_raw(format!("{}/{rest}", root.path), value.to_owned());
            });
        }
        if let Some(stamp) = self.stamp() {
            tree.keep(published, stamp);
        }
        tree
    }

    /// The key written last in each batch, with the time.
    #[must_use]
    pub fn stamp(self) -> Option<&'static str> {
        match self {
            Self::Std | Self::StdEveryNic => Some(STAMP.path),
            Self::Rfc | Self::Withdrawn => None,
        }
    }

    /// The key to write again when only keys changed that hosts do not watch but should notice.
    #[must_use]
    pub fn doorbell(self, path: &str) -> Option<&'static str> {
        match self {
            Self::Std | Self::StdEveryNic => std::rings(path).then_some(std::DOORBELL),
            Self::Rfc | Self::Withdrawn => None,
        }
    }
}

/// The guest has still booted: without the stamp squeezed would take it for one that has not, and
/// hold back all the memory that it was started with.
fn withdrawn(published: &Tree) -> Tree {
    let mut tree = Tree::default();
    tree.set(std::UNINSTALLED, "1");
    tree.keep(published, STAMP.path);
    tree
}
