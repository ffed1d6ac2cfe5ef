//! The agent as XAPI's `VM_guest_metrics.services` shows it: every key in the directory of a service.

use facts::Service;

use crate::key_tree::Tree;
use crate::timestamp::{is_rfc3339, rfc3339};

const NODE: &str = "data/service/xen-guest-agent";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Sets what is known. A restart changes nothing that is worth a write: the time stays that of the
/// first start of this version in this boot, as it is published.
pub fn render(tree: &mut Tree, service: &Service, published: &Tree) {
    let key = |name: &str| format!("{NODE}/{name}");
    let boot_id = service.boot_id.as_deref();
    let same_boot = published.get(&key("boot-id")) == boot_id;
    let same = same_boot && published.get(&key("version")) == Some(VERSION);
    let first_start = published.get(&key("started")).filter(|time| same && is_rfc3339(time));
    let started = first_start.map_or_else(|| rfc3339(service.started), str::to_owned);
    tree.set(key("version"), VERSION);
    tree.set(key("started"), &started);
    tree.set_nonempty(key("boot-id"), boot_id);
    tree.set_nonempty(key("reboot-required"), service.reboot_required.then_some("1"));
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn rendered(seconds: u64, boot: &str, published: &Tree) -> Tree {
        let started = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let service = Service { started, boot_id: Some(boot.into()), reboot_required: false };
        let mut tree = Tree::default();
        render(&mut tree, &service, published);
        tree
    }

    #[test]
    fn the_start_is_that_of_the_first_agent_of_its_version_in_this_boot() {
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
