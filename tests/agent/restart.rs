//! Restarts: the agent reads its keys back from xenstore and writes only those that differ.

use super::harness::{FIRST_TREE, Guest};

const RFC_KEYS: [(&str, &str); 4] = [
    ("data/xen-guest-agent", "0.1.0"),
    ("data/os/unix/kernel-version", "5.0"),
    ("data/net/2", "eth9"),
    ("data/net/2/ipv4/10_9_9_9", ""),
];

// The addresses were added in another order than that of their numbers.
#[test]
fn restart_without_changes_writes_the_doorbell_and_nothing_else() {
    Guest::on_each_kernel(|guest| {
        let agent = guest.published(&[]);
        for n in [3, 1, 2] {
            guest.ip(format!(
                "addr add 198.51.100.{n}/24 dev eth0\naddr add 2001:db8::{n}/64 dev eth0 nodad"
            ));
        }
        guest.wait(|tree| tree.values().any(|value| value == "2001:db8::2"));
        agent.stop("TERM");
        guest.assert_restart_is_quiet(&[]);
    });
}

#[test]
fn restart_after_sigkill_writes_the_doorbell_only_until_a_change() {
    Guest::on_each_kernel(|guest| {
        guest.published(&[]).stop("KILL");
        let mark = guest.mark();
        let _agent = guest.agent(&[]);
        guest.assert_only_doorbell_since(mark);
    });
}

// One `rm` of the highest node that has no wanted key removes a stale subtree.
#[test]
fn restart_removes_stale_keys_and_no_others() {
    Guest::on_each_kernel(|guest| {
        guest.run(&["-s", "--once"]);
        for (key, value) in RFC_KEYS {
            guest.write_as_guest(key, value);
        }
        guest.write_as_guest("attr/vif/7/ipv4/0", "10.9.9.9");
        guest.write_as_guest("attr/vif/7/name", "eth7");
        guest.write_as_guest("attr/vif/8/a/b/c/d/e/f/g/h/i", "deeper than any agent's");
        guest.write_as_guest("attr/vif/0/ipv4/5", "10.9.9.9");
        guest.write_as_guest("attr/vif/0/ipv4/5/prefix", "8");
        guest.write_as_guest("attr/PVAddonsUninstalled", "1");
        let mark = guest.mark();
        assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
        let mut changes = guest.changes_since(mark);
        assert_eq!(changes.pop().unwrap(), "write data/updated");
        changes.sort();
        assert_eq!(
            changes,
            [
                "rm attr/PVAddonsUninstalled",
                "rm attr/vif/0/ipv4/5",
                "rm attr/vif/7",
                "rm attr/vif/8",
                "rm data/net",
                "rm data/os",
                "rm data/xen-guest-agent",
            ]
        );
        guest.wait_tree(FIRST_TREE);
    });
}

// Other programs in the guest write there too.
#[test]
fn restart_keeps_keys_of_other_programs() {
    Guest::on_each_kernel(|guest| {
        let others = [
            "data/cant_suspend_reason",
            "data/device_id",
            "drivers/0",
            "feature/other",
            "attr/other",
        ];
        others.iter().for_each(|key| guest.write_as_guest(key, "another program's"));
        let _agent = guest.published(&[]);
        let tree = guest.tree();
        assert!(others.iter().all(|key| tree.contains_key(*key)), "{tree:#?}");
    });
}

#[test]
fn restart_corrects_wrong_values() {
    Guest::on_each_kernel(|guest| {
        guest.run(&["-s", "--once"]);
        guest.write_as_guest("attr/vif/0/ipv4/0", "10.9.9.9");
        guest.write_as_guest("data/os_distro", "plan9");
        let mark = guest.mark();
        guest.run(&["-s", "--once"]);
        assert_eq!(
            guest.changes_since(mark)[..2],
            ["write data/os_distro = debian", "write attr/vif/0/ipv4/0 = 192.0.2.10"]
        );
        guest.wait_tree(FIRST_TREE);
    });
}
