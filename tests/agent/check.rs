//! `--check` on the real components: a world in which one thing is broken, and the lines that say so.

use super::harness::{Agent, Daemon, Finished, Guest, Layout};

/// Has `/proc` show the world as the system itself, and Xen's version.
pub fn as_system(guest: &Guest) {
    guest.sh(
        "net=$(readlink /proc/self/ns/net) && mount -t tmpfs first /proc/1 && mkdir /proc/1/ns \
              && ln -s $net /proc/1/ns/net && ln -s pid:[4026531836] /proc/1/ns/pid \
              && ln -s / /proc/1/root",
    );
    guest.file("/sys/hypervisor/version/major", "4\n");
    guest.file("/sys/hypervisor/version/minor", "17\n");
}

pub fn system() -> Guest {
    let guest = Guest::new();
    as_system(&guest);
    guest
}

/// Runs `--check`, with what differs from run to run replaced.
pub fn check(guest: &Guest, agent: Option<&Agent>, arguments: &[&str]) -> Finished {
    let mut end = guest.run(&[&["--check"], arguments].concat());
    if let Some(agent) = agent {
        end.stdout = end.stdout.replace(&agent.pid().to_string(), "PID");
    }
    end.stdout = end.stdout.replace(&guest.socket().display().to_string(), "SOCKET");
    let line = |line: &str| match line.split_once(" answers in ") {
        Some((before, after)) => {
            let (number, after) = after.split_once(" ms").unwrap();
            number.parse::<f64>().unwrap();
            format!("{before} answers in N ms{after}\n")
        }
        None => match line.split_once("; the last change was ") {
            Some((before, _)) => format!("{before}; the last change was N s ago\n"),
            None => format!("{line}\n"),
        },
    };
    // What this machine's kernel lacks is not the test's matter.
    let is_kept = |line: &&str| !line.contains("  confinement: ") && !line.contains(" ok, ");
    end.stdout = end.stdout.lines().filter(is_kept).map(line).collect();
    end
}

/// What `--check --quiet` says.
pub fn said(guest: &Guest, agent: Option<&Agent>, arguments: &[&str]) -> (Option<i32>, String) {
    let end = check(guest, agent, &[&["--quiet"], arguments].concat());
    assert_eq!(end.stderr, "");
    (end.code, end.stdout)
}

const HEALTHY: &str = "\
ok    guest: a guest of Xen 4.17, domain 1, on an XAPI host
ok    namespace: network, mounts and /etc/os-release are the system's own
ok    store: SOCKET answers in N ms
ok    agent: version 1.0.0 runs as process PID
ok    others: no other agent runs or has left keys
ok    nic/eth0: vif 0 has 192.0.2.10/24, and so has the store
ok    facts: 13 keys in the store, none differs
ok    host: takes all keys; the last change was N s ago
ok    drivers: xen-balloon, xen-netfront
";

#[test]
fn healthy_guest_gives_no_warning_on_each_host() {
    for layout in [Layout::Xapi, Layout::Xl] {
        for daemon in [Daemon::C, Daemon::OCaml] {
            let guest = Guest::on(layout, daemon);
            as_system(&guest);
            let agent = guest.published(&[]);
            let end = check(&guest, Some(&agent), &[]);
            let expected = match layout {
                Layout::Xapi => HEALTHY.to_owned(),
                Layout::Xl => HEALTHY
                    .replace(
                        "on an XAPI host",
                        "on a libxl host: nothing there reads the keys but xenstore-ls and xen-guests",
                    )
                    .replace("13 keys", "12 keys")
                    .replace("all keys;", "all keys but control/feature-balloon, as libxl does;"),
            };
            assert_eq!((end.code, end.stdout, end.stderr), (Some(0), expected, String::new()));
        }
    }
}

#[test]
fn check_writes_nothing() {
    let guest = system();
    let agent = guest.published(&[]);
    guest.ip("addr add 198.51.100.1/32 dev eth0");
    guest.wait(|tree| tree.values().any(|value| value == "198.51.100.1"));
    agent.signal("STOP");
    guest.ip("addr add 198.51.100.2/32 dev eth0");
    guest.write_as_guest("attr/eth0/ip", "192.0.2.9");
    let mark = guest.mark();
    assert_eq!(check(&guest, None, &[]).code, Some(1));
    drop(agent);
    guest.settle();
    assert_eq!(guest.changes_since(mark), [""; 0]);
}

#[test]
fn machine_without_xen_gets_one_line_at_once() {
    let guest = Guest::new();
    guest.file("/sys/hypervisor/type", "kvm\n");
    let end = guest.run(&["--check"]);
    let line = "skip  guest: not a guest of Xen, nothing to do\n";
    assert_eq!((end.code, end.stdout.as_str(), end.stderr.as_str()), (Some(0), line, ""));
    let end = guest.run(&["--check", "--wait", "600", "--json"]);
    let json = "{\"schema\": 1, \"checks\": [\n  {\"id\": \"guest\", \"result\": \"skip\", \
                \"says\": \"not a guest of Xen, nothing to do\", \"fix\": null}\n]}\n";
    assert_eq!((end.code, end.stdout.as_str()), (Some(0), json));
}

#[test]
fn guest_without_an_agent_is_told_what_hosts_do_not_see() {
    let guest = system();
    let lines = "\
warn  agent: no agent runs, and no service is installed for it
FAIL  nic/eth0: vif 0 has 192.0.2.10/24, the store has nothing
FAIL  facts: control/feature-balloon is missing, should be \"1\"; data/domain is missing, should be \"example.org\"; \
data/host_name_dns is missing, should be \"guest\"; and 10 more keys
";
    assert_eq!(said(&guest, None, &[]), (Some(1), lines.into()));
}

#[test]
fn service_that_does_not_run_is_told_with_the_command_that_starts_it() {
    let guest = system();
    guest.sh("mkdir -p /run/systemd/system /run/systemd/units /etc/systemd/system/multi-user.target.wants");
    guest.file("/etc/systemd/system/xen-guest-agent.service", "[Service]\n");
    drop(guest.published(&[]));
    let left = "; the store has what an agent published earlier in this boot";
    let line = |says: &str, fix: &str| {
        (
            Some(0),
            format!(
                "warn  agent: xen-guest-agent.service {says}{left}  systemctl {fix} xen-guest-agent\n"
            ),
        )
    };
    let not_enabled = line("is not enabled and does not run", "enable --now");
    assert_eq!(said(&guest, None, &[]), not_enabled);
    guest.sh("ln -s ../xen-guest-agent.service /etc/systemd/system/multi-user.target.wants/");
    assert_eq!(said(&guest, None, &[]), line("is enabled but does not run", "start"));
    guest.sh("ln -s 0123 /run/systemd/units/invocation:xen-guest-agent.service");
    let exited = "warn  agent: the service manager takes xen-guest-agent for active, but it does not run  \
                  systemctl restart xen-guest-agent\n";
    assert_eq!(said(&guest, None, &[]), (Some(0), exited.into()));
    let agent = guest.published(&[]);
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), String::new()));
    guest.sh("rm /run/systemd/units/*");
    let by_hand = "warn  agent: process PID runs, but not as a service  \
                   kill PID && systemctl start xen-guest-agent\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), by_hand.into()));
}

#[test]
fn keys_of_an_earlier_boot_and_of_another_version_are_told() {
    let guest = system();
    let agent = guest.published(&[]);
    guest.write_as_guest("data/service/xen-guest-agent/version", "0.9.0");
    let line = "warn  agent: version 0.9.0 has published, this is 1.0.0\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), line.into()));
    guest.write_as_guest("data/service/xen-guest-agent/boot-id", "0");
    let line = "FAIL  agent: process PID runs, but the store has the keys of an earlier boot  kill -HUP PID\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
}

#[test]
fn other_agents_and_keys_that_they_left_are_told() {
    let guest = system();
    let agent = guest.published(&[]);
    guest.write_as_guest("attr/eth3/ip", "192.0.2.9");
    let line = "FAIL  others: attr/eth3/ip is \"192.0.2.9\", left by an old agent: XAPI may show that address  \
                kill -HUP PID\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
    agent.signal("HUP");
    guest.wait_gone("attr/eth3/ip");
    // Another program's, which no agent removes.
    guest.write_as_guest("attr/eth3/other", "1");
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), String::new()));
    guest.write_as_guest("attr/PVAddons/MajorVersion", "@PRODUCT_MAJOR_VERSION@");
    let line = "FAIL  others: attr/PVAddons/MajorVersion is \"@PRODUCT_MAJOR_VERSION@\", from xe-guest-utilities \
                built without a version: XAPI sees no agent  kill -HUP PID\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
    guest.sh("cp /bin/sleep /run/xe-daemon");
    let mut other = guest.world_command("/run/xe-daemon").arg("60").spawn().unwrap();
    guest.wait_sh(&format!("grep -q xe-daemon /proc/{}/comm", other.id()));
    let (code, text) = said(&guest, Some(&agent), &[]);
    let line = format!(
        "FAIL  others: xe-daemon runs too, process {0}: both write the same keys  kill {0}\n",
        other.id()
    );
    other.kill().unwrap();
    other.wait().unwrap();
    assert_eq!((code, text), (Some(1), line));
}

#[test]
fn container_is_told() {
    let guest = system();
    let agent = guest.published(&[]);
    guest.sh("mkdir /run/root && ln -sfn /run/root /proc/1/root");
    let line =
        "FAIL  namespace: not the system's files: /etc/os-release and mounts are a container's\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
    guest.sh("ln -sfn 'net:[1]' /proc/1/ns/net");
    let line = "FAIL  namespace: not the system's network: run it outside of the container, or with the host's network\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
}

#[test]
fn vif_in_another_namespace_and_vif_without_a_driver_are_told() {
    let guest = system();
    let agent = guest.published(&[]);
    guest.sh("mkdir -p /sys/bus/xen/devices/vif-7");
    let line = "FAIL  drivers: vif 7 has no driver  modprobe xen-netfront\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
    guest.sh("ln -s ../../drivers/vif /sys/bus/xen/devices/vif-7/driver");
    let line = "FAIL  namespace: vif 7 is in another network namespace: its addresses cannot be seen here\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
}

#[test]
fn cd_drive_of_an_hvm_guest_needs_no_driver() {
    let guest = system();
    let agent = guest.published(&[]);
    guest.sh("mkdir -p /sys/bus/xen/devices/vbd-5696");
    guest.dom0_writes("device/vbd/5696/device-type", "cdrom");
    guest.allow("device/vbd/5696/device-type", &["n1"]);
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), String::new()));
    guest.dom0_writes("device/vbd/5696/device-type", "disk");
    let line = "FAIL  drivers: vbd 5696 has no driver  modprobe xen-blkfront\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
}

// What a check finds is said once, whatever the collectors would log; with a level they do.
#[test]
fn wrong_usage_exits_2_and_says_nothing_on_standard_output() {
    let guest = Guest::new();
    for words in [
        &["--quiet"][..],
        &["--json"],
        &["--wait", "1"],
        &["--check", "--once"],
        &["--check", "--withdraw"],
        &["--check", "--publisher", "stdout"],
        &["--check", "--wait", "soon"],
        &["--check", "--wait"],
    ] {
        let end = guest.run(words);
        assert_eq!((end.code, end.stdout.as_str()), (Some(2), ""), "{words:?}: {end:?}");
    }
}
