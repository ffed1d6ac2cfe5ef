//! The parts of the store that are ours, and those that are shared with other programs.

use super::{rfc, shell_agent, std};
use crate::guest_state::Source;

/// A part of the store in which keys are ours.
#[derive(Clone, Copy, Debug)]
pub struct Root {
    /// A key, or a directory with all below it.
    pub path: &'static str,
    /// The source of the facts there.
    pub source: Source,
    /// Which of the keys there are ours.
    pub ours: Ours,
}

/// Which of the keys below a root are ours. The others are neither changed nor removed.
#[derive(Clone, Copy, Debug)]
pub enum Ours {
    /// All of them, and the root itself.
    All,
    /// The root is a directory of the toolstack's. Ours are the keys whose value begins with one of these.
    Values(&'static [&'static str]),
    /// The root is a directory of the toolstack's. Ours are some keys below its children of this prefix.
    Keys {
        /// How the names of the children begin.
        child_prefix: &'static str,
        /// Whether a path below these children is ours.
        is_ours: fn(&str) -> bool,
    },
}

pub const fn root(path: &'static str, source: Source) -> Root {
    Root { path, source, ours: Ours::All }
}

/// The time of the last batch. That it is there means that the guest has booted.
pub const UPDATED: Root = root("data/updated", Source::Agent);

/// Where the agent finds out whether nodes are free. An agent that was killed meanwhile may leave it.
pub const QUOTA_PROBE_ROOT: Root = root("data/xen-guest-agent-probe", Source::Agent);

/// All roots, of all schemas.
pub fn roots() -> impl Iterator<Item = &'static Root> {
    const OTHERS: &[Root] = &[UPDATED, QUOTA_PROBE_ROOT, shell_agent::ROOT];
    std::ROOTS.iter().chain(rfc::ROOTS).chain(OTHERS)
}

/// The root in which `path` lies.
#[must_use]
pub fn root_of(path: &str) -> Option<&'static Root> {
    roots().find(|root| root.holds(path))
}

/// Whether this key was written by an agent.
#[must_use]
pub fn is_ours(path: &str, value: &str) -> bool {
    root_of(path).is_some_and(|root| root.owns(path, value))
}

impl Root {
    fn holds(&self, path: &str) -> bool {
        let Some(rest) = path.strip_prefix(self.path) else { return false };
        match self.ours {
            Ours::All | Ours::Values(_) => rest.is_empty() || rest.starts_with('/'),
            Ours::Keys { child_prefix, .. } => {
                rest.strip_prefix('/').is_some_and(|rest| rest.starts_with(child_prefix))
            }
        }
    }

    /// Whether a key of this path and value, below the root, was written by an agent.
    #[must_use]
    pub fn owns(&self, path: &str, value: &str) -> bool {
        match self.ours {
            Ours::All => true,
            Ours::Values(prefixes) => prefixes.iter().any(|prefix| value.starts_with(prefix)),
            Ours::Keys { is_ours, .. } => is_ours(path),
        }
    }

    /// Whether the root itself is the toolstack's.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        !matches!(self.ours, Ours::All)
    }
}
