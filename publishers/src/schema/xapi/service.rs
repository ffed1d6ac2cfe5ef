//! The agent in XAPI's `VM_guest_metrics.services`, which shows all keys in the directory of a service.

use facts::Service;

use crate::clock::{DAY, Moment};
use crate::key_tree::Tree;
use crate::timestamp::{is_rfc3339, rfc3339};

const NODE: &str = "data/service/xen-guest-agent";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Sets the known keys. `started` is the first start of this version in this boot: the published time stays,
/// so a restart writes nothing. A published time before boot or after this start, by more than a day, is
/// replaced: it was written before the clock was set.
pub fn render(tree: &mut Tree, service: &Service, started: Moment, published: &Tree) {
    let key = |name: &str| format!("{NODE}/{name}");
    tree.set(key("version"), VERSION);
    tree.set_nonempty(key("boot-id"), service.boot_id.as_deref());
    let same =
        ["version", "boot-id"].map(key).iter().all(|key| tree.get(key) == published.get(key));
    let (earliest, latest) = (rfc3339(started.booted() - DAY), rfc3339(started.unix + DAY));
    let is_likely = |time: &&str| (earliest.as_str()..=&latest).contains(time);
    let first_start = published.get(&key("started")).filter(|time| same && is_rfc3339(time));
    let first_start = first_start.filter(is_likely);
    let started = first_start.map_or_else(|| rfc3339(started.unix), str::to_owned);
    tree.set(key("started"), &started);
    tree.set_nonempty(key("reboot-required"), service.reboot_required.then_some("1"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(seconds: i64, boot: &str, published: &Tree) -> Tree {
        rendered_at(Moment { unix: seconds, uptime: seconds }, boot, published)
    }

    fn rendered_at(started: Moment, boot: &str, published: &Tree) -> Tree {
        let service = Service { boot_id: Some(boot.into()), reboot_required: false };
        let mut tree = Tree::default();
        render(&mut tree, &service, started, published);
        tree
    }

    #[test]
    fn start_published_before_the_clock_was_set_is_replaced() {
        let at_1970 = rendered(5, "a", &Tree::default());
        let set = Moment { unix: 1 << 31, uptime: 60 };
        let started = rendered_at(set, "a", &at_1970);
        let shown = started.get(&format!("{NODE}/started")).map(str::to_owned);
        assert_eq!(shown.as_deref(), Some("2038-01-19T03:14:08Z"));
        assert_eq!(rendered(70, "a", &started), rendered(70, "a", &Tree::default()));
        let next = Moment { unix: (1 << 31) + DAY, uptime: 60 + DAY };
        assert_eq!(rendered_at(next, "a", &started), started);
    }

    /// A value is published without control characters.
    #[test]
    fn boot_id_of_any_characters_keeps_started() {
        let first = rendered(0, "a\n", &Tree::default());
        assert_eq!(rendered(60, "a\n", &first), first);
    }

    #[test]
    fn started_is_the_first_start_of_this_version_in_this_boot() {
        let started = |tree: &Tree| tree.get(&format!("{NODE}/started")).map(str::to_owned);
        let first = rendered(0, "a", &Tree::default());
        assert_eq!(started(&first).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(rendered(60, "a", &first), first);
        let second = started(&rendered(60, "b", &first));
        assert_eq!(second.as_deref(), Some("1970-01-01T00:01:00Z"));
        let mut damaged = first.clone();
        damaged.set(format!("{NODE}/started"), "yesterday");
        assert_eq!(started(&rendered(60, "a", &damaged)), second);
        let mut older = first;
        older.set(format!("{NODE}/version"), "0.9.9");
        assert_eq!(started(&rendered(60, "a", &older)), second);
    }
}
