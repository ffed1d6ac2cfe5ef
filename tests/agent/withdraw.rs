//! `--withdraw`: removes the agent's keys and writes `attr/PVAddonsUninstalled`.

use super::harness::{Agent, Daemon, FIRST_TREE, Guest, Layout};
use std::time::Duration;

/// The keys that stay: squeezed takes a guest with `data/updated` for booted, and other programs may use
/// `data/service`.
const LEFT: &str = "attr/PVAddonsUninstalled = 1\ndata/service = \ndata/updated = <now>";

fn withdraw(guest: &Guest) {
    let end = guest.run(&["--withdraw"]);
    assert_eq!((end.code, end.stderr.as_str()), (Some(0), "info: withdrawn\n"), "{end:?}");
}

// libxl denies `control`: the agent's key there does not exist and is not removed.
#[test]
fn withdraw_removes_all_keys_and_leaves_uninstalled() {
    for layout in [Layout::Xapi, Layout::Xl] {
        for daemon in [Daemon::C, Daemon::OCaml] {
            let guest = Guest::on(layout, daemon);
            guest.link("vf0", 7);
            guest.ip("addr add 198.51.100.7/24 dev vf0");
            guest.plug_vf(3, "00:16:3e:00:00:07");
            assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
            // Only XAPI lets the guest write there.
            let has_vf = guest.tree().contains_key("xenserver/attr/net-sriov-vf/3/ipv4/0");
            assert_eq!(has_vf, layout == Layout::Xapi);
            withdraw(&guest);
            guest.wait_tree(LEFT);
        }
    }
}

// When the watch on `attr` fires for PVAddonsUninstalled, all other keys are gone. xenmgr keeps the value
// that it read last, so PVAddons may not be readable after it. One `rm` removes each subtree.
#[test]
fn withdraw_makes_17_requests_and_writes_uninstalled_last() {
    let guest = Guest::new();
    guest.run(&["-s", "--once"]);
    let mark = guest.mark();
    withdraw(&guest);
    let changes = guest.changes_since(mark);
    let unwatched = changes.iter().take_while(|change| {
        change.starts_with("rm drivers/")
            || change.starts_with("rm data/") && !change.starts_with("rm data/service")
    });
    assert_eq!(
        changes[unwatched.count()..],
        [
            "rm data/service/xen-guest-agent",
            "rm feature/hotplug",
            "rm control/feature-balloon",
            "rm attr/PVAddons",
            "rm attr/vif",
            "write attr/PVAddonsUninstalled = 1",
        ]
    );
    assert_eq!(changes.len(), 17, "{changes:#?}");
}

#[test]
fn second_withdraw_writes_nothing() {
    let guest = Guest::new();
    guest.run(&["-s", "--once"]);
    withdraw(&guest);
    let mark = guest.mark();
    withdraw(&guest);
    assert_eq!(guest.changes_since(mark), [""; 0]);
}

// Withdrawal does not depend on --schema. Schema rfc writes no `data/updated`.
#[test]
fn withdraw_removes_keys_of_schema_rfc() {
    let guest = Guest::new();
    guest.run(&["-s", "--once", "--schema", "rfc"]);
    withdraw(&guest);
    guest.wait_tree("attr/PVAddonsUninstalled = 1");
}

#[test]
fn withdraw_keeps_other_programs_keys_and_the_toolstacks_directories() {
    let guest = Guest::new();
    let others =
        ["attr/eth0/other", "data/device_id", "data/service/other", "drivers/0", "feature/x"];
    others.iter().for_each(|key| guest.write_as_guest(key, "another program's"));
    guest.run(&["-s", "--once"]);
    withdraw(&guest);
    let mut tree = guest.tree();
    others.iter().for_each(|key| assert!(tree.remove(*key).is_some(), "{key}: {tree:#?}"));
    assert_eq!(tree.len(), 2, "{tree:#?}");
    for key in ["attr/a", "control/a", "data/a", "drivers/a", "feature/a", "xenserver/attr/a"] {
        guest.write_as_guest(key, "still the guest's");
    }
}

// PVAddonsUninstalled is removed in the first batch, before PVAddons is written.
#[test]
fn start_after_withdraw_removes_uninstalled_before_it_writes_attr() {
    let guest = Guest::new();
    guest.run(&["-s", "--once"]);
    withdraw(&guest);
    let mark = guest.mark();
    let _agent = guest.agent(&[]);
    let changes = guest.batch_since(mark);
    guest.wait_tree(FIRST_TREE);
    assert_eq!(changes.len(), FIRST_TREE.trim().lines().count() + 1, "{changes:#?}");
    let at = |head: &str| changes.iter().position(|change| change.starts_with(head)).unwrap();
    assert_eq!(at("rm attr/PVAddonsUninstalled") + 1, at("write attr/"), "{changes:#?}");
}

#[test]
fn sighup_after_withdraw_publishes_all_keys() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    withdraw(&guest);
    agent.signal("HUP");
    guest.wait_tree(FIRST_TREE);
}

// The quota does not limit removals. They free the node that PVAddonsUninstalled needs.
#[test]
fn withdraw_works_at_the_quota() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = Guest::on(Layout::Xapi, daemon);
        guest.run(&["-s", "--once"]);
        let refused = guest.as_guest(|store| {
            let mut keys = (0..1100).map(|n| format!("messages/{}/{n}", n % 10));
            keys.find_map(|key| store.write(&key, "x").err())
        });
        assert!(refused.is_some());
        withdraw(&guest);
        let tree = guest.tree();
        let ours = tree.iter().filter(|(key, _)| !key.starts_with("messages/"));
        let ours: Vec<_> = ours.map(|(key, value)| format!("{key} = {value}")).collect();
        assert_eq!(ours.join("\n"), LEFT);
    }
}

// A warning is logged; all other keys are removed.
#[test]
fn withdraw_exits_0_when_removal_is_denied() {
    let guest = Guest::on(Layout::Xl, Daemon::C);
    guest.run(&["-s", "--once"]);
    guest.dom0_writes("control/feature-balloon", "1");
    let end = guest.run(&["--withdraw"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(end.stderr.contains("warn: control/feature-balloon: denied by xenstored"), "{end:?}");
    guest.wait_tree(&LEFT.replace("data/s", "control/feature-balloon = 1\ndata/s"));
}

fn assert_nothing_to_withdraw(guest: &Guest, why: &str) {
    let mark = guest.mark();
    let end = guest.run(&["--withdraw"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(end.stderr.starts_with("info: not ") && end.stderr.contains(why), "{end:?}");
    assert!(end.stderr.ends_with(": nothing is withdrawn\n"), "{end:?}");
    assert_eq!((end.stderr.lines().count(), guest.changes_since(mark).len()), (1, 0), "{end:?}");
}

// A package may be removed anywhere.
#[test]
fn withdraw_exits_0_in_dom0_and_without_xen() {
    let guest = Guest::new();
    guest.file("/sys/hypervisor/properties/features", "00002fff\n");
    assert_nothing_to_withdraw(&guest, "dom0");
    guest.file("/sys/hypervisor/type", "kvm\n");
    assert_nothing_to_withdraw(&guest, "kvm");
    guest.remove_file("/sys/hypervisor/type");
    assert_nothing_to_withdraw(&guest, "/sys/hypervisor/type");
}

// A container with the system's processes, but without the rights to look at process 1: a person knows better.
#[test]
fn withdraw_works_where_process_1_cannot_be_looked_at() {
    let guest = Guest::new();
    guest.run(&["-s", "--once"]);
    guest.sh("rm -r /proc/1/ns /proc/1/root");
    withdraw(&guest);
    guest.wait_tree(LEFT);
}

#[test]
fn withdraw_exits_1_with_one_line_if_xenstored_is_down() {
    let guest = Guest::new();
    guest.kill_xenstored();
    let end = guest.run(&["--withdraw"]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.stderr.starts_with("error: cannot open the store: "), "{end:?}");
    assert_eq!(end.stderr.lines().count(), 1, "{end:?}");
}

// A script that removes a package must not hang.
#[test]
fn withdraw_exits_1_within_25_seconds_if_xenstored_does_not_answer() {
    let guest = Guest::new();
    guest.stall_xenstored();
    let limit = Duration::from_secs(25);
    let end = Agent::spawn(guest.command(&["--withdraw"])).wait_within(limit);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert_eq!(end.stderr, "error: no answer from xenstored; exiting\n");
}

// Prints the keys that would stay; withdraws nothing.
#[test]
fn withdraw_to_stdout_prints_uninstalled_and_removes_nothing() {
    let guest = Guest::new();
    guest.run(&["-s", "--once"]);
    let end = guest.run(&["--withdraw", "--publisher", "stdout"]);
    assert_eq!((end.code, end.stdout.as_str()), (Some(0), "attr\n  PVAddonsUninstalled = \"1\"\n"));
    guest.wait_tree(FIRST_TREE);
}
