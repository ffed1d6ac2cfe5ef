//! The subtrees whose keys are ours, and those that are shared with other programs.

use super::{rfc, shell_agent, std};
use crate::guest_state::Source;

/// A subtree in which keys are ours.
#[derive(Clone, Copy, Debug)]
pub struct Root {
    /// A key, or a directory with its subtree.
    pub path: &'static str,
    /// The source of the facts there.
    pub source: Source,
    /// Which of the keys there are ours.
    pub ours: Ours,
}

/// Which of the keys below a root are ours. The agent does not change or remove others.
#[derive(Clone, Copy, Debug)]
pub enum Ours {
    /// All of them, and the root itself.
    All,
    /// The root is the toolstack's directory. The keys whose value begins with one of these are ours.
    Values(&'static [&'static str]),
    /// The root is the toolstack's directory. Some keys below its children with this prefix are ours.
    Keys {
        /// The prefix of the children's names.
        child_prefix: &'static str,
        /// Whether a path below these children is ours.
        is_ours: fn(&str) -> bool,
    },
}

pub const fn root(path: &'static str, source: Source) -> Root {
    Root { path, source, ours: Ours::All }
}

/// The time of the last batch. squeezed takes a guest with this key for booted.
pub const UPDATED: Root = root("data/updated", Source::Agent);

/// Below these nodes the agent tries whether nodes are free: in two directories, because one of them may be full
/// of names. Toolstacks create both and watch neither. An agent that is killed meanwhile may leave a node.
pub const QUOTA_PROBES: [&str; 2] = ["error/xen-guest-agent-probe", "data/xen-guest-agent-probe"];

/// All roots, of all schemas.
pub fn roots() -> impl Iterator<Item = &'static Root> {
    const PROBES: [Root; 2] =
        [root(QUOTA_PROBES[0], Source::Agent), root(QUOTA_PROBES[1], Source::Agent)];
    const OTHERS: &[Root] = &[UPDATED, PROBES[0], PROBES[1], shell_agent::ROOT];
    std::ROOTS.iter().chain(rfc::ROOTS).chain(OTHERS)
}

/// The root of `path`.
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
