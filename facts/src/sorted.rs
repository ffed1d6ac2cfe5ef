//! Sets and maps from iterators. Pure.
//!
//! `collect` sorts all items before it makes a [`BTreeSet`] or [`BTreeMap`]. This sort is compiled once for each
//! type, to several KB of machine code each time. One insertion after the other needs far less code, and its time
//! grows with the number of items in the same way.

use std::collections::{BTreeMap, BTreeSet};

/// A set of the items.
pub fn set_of<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    set.extend(items);
    set
}

/// A map of the pairs. Of two with one key, the last one counts.
pub fn map_of<K: Ord, V>(pairs: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    map.extend(pairs);
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_and_map_are_what_collect_makes() {
        let pairs = [(2, 'a'), (1, 'b'), (2, 'c')];
        assert_eq!(map_of(pairs), pairs.into_iter().collect());
        assert_eq!(set_of(pairs), pairs.into_iter().collect());
    }
}
