//! Drivers: one line each, and whether NICs and disks can be plugged in.
//!
//! A line is a `DISTRIBUTION` of xenstore-paths: vendor, product, version, and attributes, which are empty.
//! XAPI splits it at the three blanks, so the last blank is at its end.

use facts::{Driver, Drivers, decimal, set_of};

use crate::key_tree::{Tree, sanitize};

/// Sets the lines and flags. Our lines and those of other programs keep their index.
pub fn render(tree: &mut Tree, drivers: &Drivers, published: &Tree) {
    let line = |Driver { vendor, name, version }: &Driver| {
        sanitize(&format!("{vendor} {name} {version} "))
    };
    let mut lines = set_of(drivers.in_use.iter().map(line));
    for (name, value) in
        published.below("drivers").filter(|(name, _)| decimal::<u32>(name).is_some())
    {
        if lines.remove(value) {
            tree.set(format!("drivers/{name}"), value);
        }
    }
    let mut indices = 0_u32..;
    for line in lines {
        let is_free = |index: &u32| {
            let path = format!("drivers/{index}");
            !published.has_others(&path) && tree.get(&path).is_none()
        };
        if let Some(index) = indices.find(is_free) {
            tree.set(format!("drivers/{index}"), &line);
        }
    }
    // A 0 would forbid hot-plug, which may work.
    tree.set_nonempty("feature/hotplug/vif", drivers.vif.then_some("1"));
    tree.set_nonempty("feature/hotplug/vbd", drivers.vbd.then_some("1"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(lines: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        lines.iter().for_each(|(path, line)| tree.set(*path, line));
        tree
    }

    fn rendered(names: &[&str], published: &[(&str, &str)]) -> Tree {
        let driver =
            |name: &&str| Driver { vendor: "Linux", name: (*name).into(), version: "6.1".into() };
        let drivers = Drivers { in_use: names.iter().map(driver).collect(), ..Drivers::default() };
        let mut rendered = Tree::default();
        render(&mut rendered, &drivers, &tree(published));
        rendered
    }

    #[test]
    fn driver_line_has_three_blanks_and_keeps_its_index() {
        let before = [("drivers/0", "Linux old 6.1 "), ("drivers/3", "Linux b 6.1 ")];
        let after = [("drivers/0", "Linux a 6.1 "), ("drivers/3", "Linux b 6.1 ")];
        assert_eq!(rendered(&["a", "b"], &before), tree(&after));
    }

    // A line is compared as it is published: shortened and without control characters.
    #[test]
    fn driver_line_that_is_cut_keeps_its_index() {
        let before = [("drivers/0", "Linux b 6.1 "), ("drivers/1", "Linux a 6.1 ")];
        assert_eq!(rendered(&["\u{1b}a", "b"], &before), tree(&before));
    }

    #[test]
    fn indices_of_other_programs_lines_are_not_used() {
        let mut published = tree(&[("drivers/1", "Linux b 6.1 ")]);
        let others = ["drivers/0", "drivers/filler", "drivers/02"];
        others.into_iter().for_each(|path| published.set_others(path));
        let name = "a".to_owned();
        let in_use = vec![Driver { vendor: "Linux", name, version: "6.1".into() }];
        let mut rendered = Tree::default();
        render(&mut rendered, &Drivers { in_use, ..Drivers::default() }, &published);
        assert_eq!(rendered, tree(&[("drivers/1", "Linux a 6.1 ")]));
    }
}
