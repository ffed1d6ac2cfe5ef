//! What the first batch of a fresh guest holds, and in which order.

use super::harness::{Agent, Daemon, FIRST_TREE, Guest, Layout};

// Schema std: these keys and no others; a restarted agent or another daemon changes nothing of it.
#[test]
fn the_first_start_writes_exactly_the_expected_tree() {
    Guest::on_each_kernel(|guest| {
        let _agent = guest.agent(&[]);
        guest.wait_tree(FIRST_TREE);
    });
}

// XCP-ng and XenServer run oxenstored.
#[test]
fn oxenstored_gets_the_same_tree() {
    let guest = Guest::on(Layout::Xapi, Daemon::OCaml);
    let _agent = guest.agent(&[]);
    guest.wait_tree(FIRST_TREE);
}

// Order matters: data/… and drivers/…, which nobody watches; then data/service/…, feature/…,
// control/…, attr/…, which xenopsd watches; then data/updated.
#[test]
fn the_first_batch_is_one_and_in_the_hosts_order() {
    Guest::on_each_kernel(|guest| {
        let mark = guest.mark();
        let _agent = guest.published(&[]);
        let changes = guest.batch_since(mark);
        let phases: Vec<_> = changes.iter().map(|change| phase(change)).collect();
        assert!(phases.is_sorted(), "{changes:#?}");
        guest.assert_quiet_since(guest.mark());
        assert_eq!(changes.len(), FIRST_TREE.trim().lines().count(), "{changes:#?}");
    });
}

fn phase(change: &str) -> usize {
    let path = change.split(' ').nth(1).unwrap();
    if path == "data/updated" {
        return 9;
    }
    let watched = ["data/service/", "feature/", "control/", "attr/"];
    let phase = watched.iter().position(|head| path.starts_with(head));
    phase.map_or(0, |phase| phase + 1)
}

// `--once`: collect, publish, exit 0.
#[test]
fn once_leaves_everything_published_and_exits_0() {
    Guest::on_each_kernel(|guest| {
        let end = guest.run(&["-s", "--once"]);
        assert_eq!(end.code, Some(0), "{end:?}");
        guest.wait_tree(FIRST_TREE);
    });
}

// control/feature-balloon: if and only if the balloon driver is there; squeezed tests existence.
#[test]
fn without_a_balloon_driver_there_is_no_balloon_key() {
    Guest::on_each_kernel(|guest| {
        guest.sh("rm -r /sys/devices/system/xen_memory");
        guest.write_as_guest("control/feature-balloon", "1");
        let _agent = guest.agent(&[]);
        let tree = FIRST_TREE.replace("control/feature-balloon = 1\n", "");
        let tree = tree.replace("drivers/0 = Linux xen-balloon <uname> \n", "");
        guest.wait_tree(&tree.replace("drivers/1", "drivers/0"));
    });
}

// A key with no value to tell is absent: no empty data/domain.
#[test]
fn a_host_name_without_a_domain_gives_no_domain_key() {
    Guest::on_each_kernel(|guest| {
        guest.host_name("guest");
        let _agent = guest.agent(&[]);
        guest.wait_tree(&FIRST_TREE.replace("data/domain = example.org\n", ""));
    });
}

// data/domain: else from /etc/hosts, the canonical name of the line that has the short name.
#[test]
fn the_domain_comes_from_etc_hosts_when_the_host_name_has_none() {
    Guest::on_each_kernel(|guest| {
        guest.host_name("guest");
        guest.file("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 guest.example.org guest\n");
        let _agent = guest.agent(&[]);
        guest.wait_tree(FIRST_TREE);
    });
}

// A guest without any NIC still tells all the rest.
#[test]
fn a_guest_without_a_nic_publishes_the_rest() {
    Guest::on_each_kernel(|guest| {
        guest.ip("link del eth0");
        let _agent = guest.agent(&[]);
        let rest =
            FIRST_TREE.lines().filter(|line| !line.starts_with("attr/vif")).collect::<Vec<_>>();
        guest.wait_tree(&rest.join("\n"));
    });
}

// The kernel's device, and that of kernels before 3.3.
#[test]
fn keys_are_published_through_dev_xen_xenbus_or_proc_xen_xenbus() {
    for path in ["/dev/xen/xenbus", "/proc/xen/xenbus"] {
        let guest = Guest::new();
        guest.sh("mount -t tmpfs none /proc");
        guest.xenbus_device(path);
        let mut command = guest.command(&["-s", "--once", "--without", "sriov"]);
        command.env_remove("XENSTORED_PATH");
        let end = Agent::spawn(command).wait();
        assert_eq!(end.code, Some(0), "{path}: {end:?}");
        guest.wait_value("attr/vif/0/ipv4/0", "192.0.2.10");
    }
}
