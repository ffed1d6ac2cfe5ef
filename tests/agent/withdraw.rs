//! `--withdraw`: what an agent told goes, and the mark that it is uninstalled stays.

use super::harness::{Agent, Daemon, FIRST_TREE, Guest, Layout, PROGRAM};
use std::time::Duration;

/// What is left of an agent: squeezed goes on to take the guest for booted, and the directory of services
/// may get others.
const LEFT: &str = "attr/PVAddonsUninstalled = 1\ndata/service = \ndata/updated = <now>";

fn withdraw(guest: &Guest) {
    let end = guest.run(&["--withdraw"]);
    assert_eq!((end.code, end.stderr.as_str()), (Some(0), "info: withdrawn\n"), "{end:?}");
}

// On every host, also where `control` is the host's: what cannot be there needs no removal.
#[test]
fn withdraw_removes_all_keys_and_leaves_uninstalled() {
    for layout in [Layout::Xapi, Layout::Xl] {
        for daemon in [Daemon::C, Daemon::OCaml] {
            let guest = Guest::on(layout, daemon);
            guest.link("vf0", 7);
            guest.ip("addr add 198.51.100.7/24 dev vf0");
            guest.plug_vf(3, "00:16:3e:00:00:07");
            assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
            // Only where there is a host that can tell of functions may the guest write of them.
            let function = guest.tree().contains_key("xenserver/attr/net-sriov-vf/3/ipv4/0");
            assert_eq!(function, layout == Layout::Xapi);
            withdraw(&guest);
            guest.wait_tree(LEFT);
        }
    }
}

// The mark is the last write: when it rings for those who watch `attr`, they find nothing else; and
// xenmgr, which believes what it read last, cannot read PVAddons after it. Each node goes as a whole.
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
fn withdrawn_twice_the_second_writes_nothing() {
    let guest = Guest::new();
    guest.run(&["-s", "--once"]);
    withdraw(&guest);
    let mark = guest.mark();
    withdraw(&guest);
    assert_eq!(guest.changes_since(mark), [""; 0]);
}

// Whichever schema it was, and whichever the options say now; one that never ran has no stamp.
#[test]
fn the_keys_of_the_other_schema_go_too() {
    let guest = Guest::new();
    guest.run(&["-s", "--once", "--schema", "rfc"]);
    withdraw(&guest);
    guest.wait_tree("attr/PVAddonsUninstalled = 1");
}

// The roots that are the toolstack's stay, and what others wrote beside ours.
#[test]
fn what_is_others_stays_and_so_do_the_toolstacks_directories() {
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

// Installed again: the mark goes in the same batch as the rest comes, and before PVAddons does.
#[test]
fn an_agent_that_starts_again_removes_the_mark_with_its_first_batch() {
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

// One that was not stopped before puts everything back as soon as it is told to.
#[test]
fn a_running_agent_that_is_reloaded_publishes_everything_again() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    withdraw(&guest);
    agent.signal("HUP");
    guest.wait_tree(FIRST_TREE);
}

// At a quota one can remove, and what was removed makes room for the mark.
#[test]
fn a_full_store_is_withdrawn_from_like_any_other() {
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

// What the host does not let go of costs a warning; the rest goes.
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
    assert!(end.stderr.ends_with(": there is nothing to withdraw\n"), "{end:?}");
    assert_eq!((end.stderr.lines().count(), guest.changes_since(mark).len()), (1, 0), "{end:?}");
}

// A package may be removed anywhere.
#[test]
fn off_xen_and_in_dom0_there_is_nothing_to_withdraw() {
    let guest = Guest::new();
    guest.file("/sys/hypervisor/properties/features", "00002fff\n");
    assert_nothing_to_withdraw(&guest, "dom0");
    guest.file("/sys/hypervisor/type", "kvm\n");
    assert_nothing_to_withdraw(&guest, "kvm");
    guest.remove_file("/sys/hypervisor/type");
    assert_nothing_to_withdraw(&guest, "/sys/hypervisor/type");
}

// …also where an image is made: the keys are those of the guest that makes it. What the first process
// takes for the root, only one with its rights may know: it is one of the test's here.
#[test]
fn in_a_changed_root_there_is_nothing_to_withdraw() {
    let guest = Guest::new();
    guest.run(&["-s", "--once"]);
    let line = format!(
        "mount -t proc proc /proc
         mkdir /run/image
         for dir in /*; do
             [ ! -d $dir ] || {{ mkdir /run/image$dir && mount --rbind $dir /run/image$dir; }}
         done
         chroot /run/image {PROGRAM} --withdraw"
    );
    let mut command = guest.world_command("unshare");
    command.args(["-p", "-f", "sh", "-euc", &line]).env("XENSTORED_PATH", guest.socket());
    let end = Agent::spawn(command).wait();
    let said = "info: not the root of the running system: there is nothing to withdraw\n";
    assert_eq!((end.code, end.stderr.as_str()), (Some(0), said));
    guest.wait_tree(FIRST_TREE);
}

#[test]
fn a_store_that_is_not_there_is_one_line_and_exit_1() {
    let guest = Guest::new();
    guest.kill_xenstored();
    let end = guest.run(&["--withdraw"]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.stderr.starts_with("error: cannot open the store: "), "{end:?}");
    assert_eq!(end.stderr.lines().count(), 1, "{end:?}");
}

// A script that removes a package must not hang.
#[test]
fn a_store_that_does_not_answer_is_not_waited_for_long() {
    let guest = Guest::new();
    guest.stall_xenstored();
    let end = guest.run(&["--withdraw"]);
    assert_eq!(end.code, Some(1), "{end:?}");
    assert_eq!(end.stderr, "error: no answer from xenstored; exiting\n");
    assert!(end.took < Duration::from_secs(9), "{end:?}");
}

// For a look at what would be left; nothing is withdrawn.
#[test]
fn to_standard_output_it_shows_what_a_host_would_see() {
    let guest = Guest::new();
    guest.run(&["-s", "--once"]);
    let end = guest.run(&["--withdraw", "--publisher", "stdout"]);
    assert_eq!((end.code, end.stdout.as_str()), (Some(0), "attr\n  PVAddonsUninstalled = \"1\"\n"));
    guest.wait_tree(FIRST_TREE);
}
