//! The first batch of a new guest: its keys and their order.

use super::harness::{Agent, Daemon, FIRST_TREE, Guest, Layout};

#[test]
fn first_start_writes_exactly_the_expected_tree() {
    Guest::on_each_kernel(|guest| {
        let _agent = guest.agent(&[]);
        guest.wait_tree(FIRST_TREE);
    });
}

// XCP-ng and XenServer run oxenstored.
#[test]
fn first_start_writes_the_same_tree_to_oxenstored() {
    let guest = Guest::on(Layout::Xapi, Daemon::OCaml);
    let _agent = guest.agent(&[]);
    guest.wait_tree(FIRST_TREE);
}

// First data/… and drivers/…, which no toolstack watches; then data/service/…, feature/…, control/… and
// attr/…, which xenopsd watches; then data/updated.
#[test]
fn first_start_writes_one_batch_in_phases() {
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

#[test]
fn once_publishes_all_keys_and_exits_0() {
    Guest::on_each_kernel(|guest| {
        let end = guest.run(&["-s", "--once"]);
        assert_eq!(end.code, Some(0), "{end:?}");
        guest.wait_tree(FIRST_TREE);
    });
}

// squeezed tests whether control/feature-balloon exists, so it may exist only with the balloon driver.
#[test]
fn no_balloon_driver_removes_feature_balloon() {
    Guest::on_each_kernel(|guest| {
        guest.sh("rm -r /sys/devices/system/xen_memory");
        guest.write_as_guest("control/feature-balloon", "1");
        let _agent = guest.agent(&[]);
        let tree = FIRST_TREE.replace("control/feature-balloon = 1\n", "");
        let tree = tree.replace("drivers/0 = Linux xen-balloon <uname> \n", "");
        guest.wait_tree(&tree.replace("drivers/1", "drivers/0"));
    });
}

#[test]
fn host_name_without_domain_gives_no_domain_key() {
    Guest::on_each_kernel(|guest| {
        guest.host_name("guest");
        let _agent = guest.agent(&[]);
        guest.wait_tree(&FIRST_TREE.replace("data/domain = example.org\n", ""));
    });
}

// The canonical name of the line with the short name has the domain; the line before is about another machine.
#[test]
fn domain_is_read_from_etc_hosts_if_the_host_name_has_none() {
    Guest::on_each_kernel(|guest| {
        guest.host_name("guest");
        let other = "192.0.2.20 guest.example.net db";
        let own = "127.0.1.1 guest.example.org guest";
        guest.file("/etc/hosts", &format!("127.0.0.1 localhost\n{other}\n{own}\n"));
        let _agent = guest.agent(&[]);
        guest.wait_tree(FIRST_TREE);
    });
}

#[test]
fn guest_without_nic_publishes_all_other_keys() {
    Guest::on_each_kernel(|guest| {
        guest.ip("link del eth0");
        let _agent = guest.agent(&[]);
        let rest =
            FIRST_TREE.lines().filter(|line| !line.starts_with("attr/vif")).collect::<Vec<_>>();
        guest.wait_tree(&rest.join("\n"));
    });
}

// /proc/xen/xenbus is the device of kernels before 3.3.
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
