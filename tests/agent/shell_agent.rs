//! `attr/eth*/ip` and `attr/eth*/ipv6/*/addr`, which the old shell agent left, are removed; no other keys
//! there are.

use super::harness::{Daemon, Guest, Layout};

// XAPI would show these addresses if no VIF is left. Other keys beside them stay.
#[test]
fn addresses_of_the_old_shell_agent_are_removed_by_a_start_and_by_withdraw() {
    let left = [("ip", "10.9.9.9"), ("ipv6/0/addr", "2001:db8::9"), ("ipv6/1/addr", "2001:db8::8")];
    for arguments in [&["-s", "--once"][..], &["-s", "--once", "--schema", "rfc"], &["--withdraw"]]
    {
        let guest = Guest::new();
        for (key, value) in left {
            guest.write_as_guest(&format!("attr/eth0/{key}"), value);
            guest.write_as_guest(&format!("attr/eth12/{key}"), value);
        }
        guest.write_as_guest("attr/eth12/ipv6/1/other", "another program's");
        let mark = guest.mark();
        assert_eq!(guest.run(arguments).code, Some(0));
        let changes = guest.changes_since(mark);
        let removals: Vec<_> =
            changes.iter().filter(|change| change.starts_with("rm attr/eth")).collect();
        let expected = [
            "rm attr/eth0",
            "rm attr/eth12/ip",
            "rm attr/eth12/ipv6/0",
            "rm attr/eth12/ipv6/1/addr",
        ];
        assert_eq!(removals, expected, "{changes:#?}");
        let rest: Vec<_> =
            guest.tree().into_keys().filter(|key| key.starts_with("attr/eth")).collect();
        assert_eq!(rest, ["attr/eth12/ipv6/1/other"]);
    }
}

// The guest may not read the node, which dom0 owns.
#[test]
fn node_that_the_guest_may_not_read_is_not_removed_with_an_address_beside_it() {
    for daemon in [Daemon::C, Daemon::OCaml] {
        let guest = Guest::on(Layout::Xapi, daemon);
        guest.write_as_guest("attr/eth0/ip", "10.9.9.9");
        guest.dom0_writes("attr/eth0/other", "dom0's");
        guest.allow("attr/eth0/other", &["n0"]);
        assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
        let mut tree = guest.tree();
        tree.retain(|key, _| key.starts_with("attr/eth"));
        assert_eq!(
            tree.into_iter().collect::<Vec<_>>(),
            [("attr/eth0/other".into(), "dom0's".into())]
        );
    }
}
