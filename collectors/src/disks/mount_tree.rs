//! The tree of mounts: which mounts a path leads through, and whether it can be resolved without a risk to
//! block. No I/O. The work grows linearly with the number of mounts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use facts::set_of;

use super::mountinfo::{DevNum, Mount};
use super::volume_mounts::{is_complete, is_traversal_safe};

/// The path to a mount point from `/`, component by component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsagePath(pub Vec<Component>);

/// One component of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// The name of the directory.
    pub name: Vec<u8>,
    /// The id of the mount that the directory belongs to.
    pub mount_id: u32,
    /// The block device of that mount; `None` if its number is anonymous.
    pub device: Option<DevNum>,
}

impl fmt::Display for UsagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|component| String::from_utf8_lossy(&component.name));
        write!(f, "/{}", names.collect::<Vec<_>>().join("/"))
    }
}

/// Properties of a mount that depend on its parent.
#[derive(Clone, Copy)]
struct Reached {
    /// The index of the parent; `None` at the top of the tree.
    parent: Option<usize>,
    /// No mount hides a directory of its path.
    path_is_visible: bool,
    /// A path to it and through it can be resolved without a risk to block.
    is_walkable: bool,
}

/// The mounts by the mount that they are mounted on. An index is the one in the table.
pub struct MountTree<'a> {
    mounts: &'a [Mount],
    children: BTreeMap<u32, Vec<usize>>,
    /// Parent and mount point of each mount.
    points: BTreeSet<(u32, &'a [u8])>,
    /// `None` for mounts that are their own ancestors, which no kernel writes.
    reached: Vec<Option<Reached>>,
}

impl<'a> MountTree<'a> {
    /// Sorts the mounts of a table.
    pub fn new(mounts: &'a [Mount]) -> Self {
        let mut children = BTreeMap::<u32, Vec<usize>>::new();
        for (index, mount) in mounts.iter().enumerate() {
            children.entry(mount.parent).or_default().push(index);
        }
        let points = set_of(mounts.iter().map(|mount| (mount.parent, mount.point.as_slice())));
        let mut tree = Self { mounts, children, points, reached: vec![None; mounts.len()] };
        tree.reach_all();
        tree
    }

    /// Visits each mount after its parent.
    fn reach_all(&mut self) {
        let ids = set_of(self.mounts.iter().map(|mount| mount.id));
        let is_top = |mount: &Mount| {
            !ids.contains(&mount.parent) || mount.parent == mount.id && mount.point == b"/"
        };
        let tops = self.mounts.iter().enumerate().filter(|(_, mount)| is_top(mount));
        let mut queue: VecDeque<_> = tops.map(|(index, _)| (index, None)).collect();
        while let Some((index, parent)) = queue.pop_front() {
            let Some(mount) = self.mounts.get(index) else { continue };
            if self.reached.get(index).is_none_or(Option::is_some) {
                continue;
            }
            let reached = self.reach(mount, parent);
            if let Some(entry) = self.reached.get_mut(index) {
                *entry = Some(reached);
            }
            queue.extend(self.children_of(mount).map(|child| (child, Some(index))));
        }
    }

    fn reach(&self, mount: &Mount, parent: Option<usize>) -> Reached {
        let above = parent.and_then(|parent| self.get(parent));
        // Every path of the agent leads through the root, so an overlay there adds no risk.
        let is_safe =
            is_traversal_safe(&mount.kind) || mount.point == b"/" && mount.kind == b"overlay";
        Reached {
            parent,
            path_is_visible: above.is_none_or(|above| above.path_is_visible)
                && !self.is_hidden(mount),
            is_walkable: above.is_none_or(|above| above.is_walkable) && is_safe,
        }
    }

    fn get(&self, index: usize) -> Option<Reached> {
        self.reached.get(index).copied().flatten()
    }

    fn children_of(&self, mount: &Mount) -> impl Iterator<Item = usize> + '_ {
        self.children.get(&mount.id).into_iter().flatten().copied()
    }

    /// Whether another mount on the same parent covers a directory of its path.
    fn is_hidden(&self, mount: &Mount) -> bool {
        let slashes = mount.point.iter().enumerate().skip(1).filter(|(_, byte)| **byte == b'/');
        slashes.filter_map(|(at, _)| mount.point.get(..at)).any(|directory| {
            count_comparison();
            self.points.contains(&(mount.parent, directory))
        })
    }

    /// The mount on top of this one at the same mount point.
    fn cover(&self, mount: &Mount) -> Option<usize> {
        self.children_of(mount).find(|&child| {
            count_comparison();
            self.mounts.get(child).is_some_and(|child| child.point == mount.point)
        })
    }

    /// The mounts on top of it at the same mount point, from the lowest to the topmost.
    fn covers(&self, mut index: usize) -> impl Iterator<Item = usize> + '_ {
        let next = move || {
            index = self.cover(self.mounts.get(index)?)?;
            Some(index)
        };
        std::iter::from_fn(next).take(self.mounts.len())
    }

    /// Whether its mount point leads to its file system.
    pub fn is_visible(&self, index: usize) -> bool {
        let Some(mount) = self.mounts.get(index) else { return false };
        if mount.point == b"/" {
            return true;
        }
        // Directories of the same file system on top, as systemd's PrivateTmp= mounts them, hide nothing.
        let is_same = |cover: &Mount| cover.device == mount.device && !is_complete(cover);
        let mut covers = self.covers(index).filter_map(|cover| self.mounts.get(cover));
        self.get(index).is_some_and(|reached| reached.path_is_visible)
            && !mount.point.ends_with(b"//deleted")
            && covers.all(is_same)
    }

    /// Whether a path to it and through it can be resolved without a risk to block.
    pub fn is_walkable(&self, index: usize) -> bool {
        self.get(index).is_some_and(|reached| reached.is_walkable)
    }

    /// The components of its mount point, each with its mount.
    pub fn usage_path(&self, index: usize) -> UsagePath {
        let Some(mount) = self.mounts.get(index) else { return UsagePath::default() };
        let (path, point) = (self.mounts_of_path(index), mount.point.as_slice());
        let mut inside = path.get(&b"/"[..]).copied().unwrap_or(mount);
        let mut components = Vec::new();
        let mut end = 0;
        for name in point.split(|&byte| byte == b'/').skip(1).filter(|name| !name.is_empty()) {
            end += 1 + name.len();
            inside = point.get(..end).and_then(|p| path.get(p)).copied().unwrap_or(inside);
            let device = (inside.device.major != 0).then_some(inside.device);
            components.push(Component { name: name.to_owned(), mount_id: inside.id, device });
        }
        UsagePath(components)
    }

    /// The topmost mount at each mount point of its ancestors and its own.
    fn mounts_of_path(&self, index: usize) -> BTreeMap<&'a [u8], &'a Mount> {
        let up = std::iter::successors(Some(index), |&index| self.get(index)?.parent);
        let covers: Vec<usize> = self.covers(index).collect();
        // The first entry of a mount point is the topmost mount, except that a cover is above its base.
        let mut path = BTreeMap::new();
        for mount in covers.into_iter().rev().chain(up).filter_map(|index| self.mounts.get(index)) {
            path.entry(mount.point.as_slice()).or_insert(mount);
        }
        path
    }
}

#[cfg(test)]
thread_local! {
    /// The number of comparisons of mounts.
    pub(super) static COMPARISONS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Lets a test count how often mounts are compared.
fn count_comparison() {
    #[cfg(test)]
    COMPARISONS.set(COMPARISONS.get() + 1);
}
