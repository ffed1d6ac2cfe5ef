//! `--check`: the agent and its service, other agents and what they left.

use super::super::harness::{Agent, Guest, program};
use super::{said, system};
use std::process::Child;

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
    guest.sh("rm /etc/systemd/system/multi-user.target.wants/*");
    let not_at_boot = "warn  agent: process PID runs, but will not be started at the next boot  \
                       systemctl enable xen-guest-agent\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), not_at_boot.into()));
    guest.sh("ln -s ../xen-guest-agent.service /etc/systemd/system/multi-user.target.wants/");
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
    guest.write_as_guest("attr/PVAddons/BuildVersion", "proto-0.5");
    let line = "FAIL  others: attr/PVAddons/BuildVersion is \"proto-0.5\", from the prototype of this agent: \
                XAPI sees no agent  kill -HUP PID\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
    agent.signal("HUP");
    guest.wait_value("attr/PVAddons/BuildVersion", "0");
    guest.write_as_guest("data/updated", "Thu Nov 20 16:05:00 2026");
    let line = "warn  others: data/updated is \"Thu Nov 20 16:05:00 2026\", as only another agent writes it  \
                kill -HUP PID\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), line.into()));
    agent.signal("HUP");
    guest.wait_value("data/updated", "<now>");
    guest.write_as_guest("attr/PVAddons/MajorVersion", "@PRODUCT_MAJOR_VERSION@");
    let line = "FAIL  others: attr/PVAddons/MajorVersion is \"@PRODUCT_MAJOR_VERSION@\", from xe-guest-utilities \
                built without a version: XAPI sees no agent  kill -HUP PID\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line.into()));
}

/// A process called xe-daemon.
struct XeDaemon(Child);

impl XeDaemon {
    fn start(guest: &Guest) -> XeDaemon {
        guest.sh("cp /bin/sleep /run/xe-daemon");
        let daemon =
            XeDaemon(guest.world_command("/run/xe-daemon").arg("infinity").spawn().unwrap());
        guest.wait_sh(&format!("grep -q xe-daemon /proc/{}/comm", daemon.0.id()));
        daemon
    }
}

impl Drop for XeDaemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn xe_daemon_is_told_with_what_stops_it() {
    let guest = system();
    let agent = guest.published(&[]);
    let daemon = XeDaemon::start(&guest);
    let pid = daemon.0.id();
    let both = format!("FAIL  others: xe-daemon runs too, process {pid}: both write the same keys");
    let line = format!("{both}  kill {pid}\n");
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line));
    // Without /run/systemd the agent's own manager is not systemd.
    guest.file("/etc/systemd/system/xe-daemon.service", "[Service]\n");
    let line = format!("{both}  systemctl disable --now xe-daemon\n");
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(1), line));
    drop(agent);
    let alone = format!(
        "warn  agent: no agent runs, and no service is installed for it; the store has what an agent published \
         earlier in this boot\nwarn  others: xe-daemon runs in the place of this agent, process {pid}"
    );
    let lines = format!("{alone}  systemctl disable --now xe-daemon\n");
    assert_eq!(said(&guest, None, &[]), (Some(0), lines));
}

/// Programs that do not end: those of a user who chooses their names and arguments, and root's scripts.
struct Imposters(Vec<Child>);

impl Imposters {
    fn start(guest: &Guest) -> Imposters {
        // echo(1) takes any arguments, and waits when it writes into a pipe that is full. A user who may not read a program
        // is not the owner of its files in /proc.
        guest.sh(
            "mkdir /run/scripts; mkfifo /run/empty
             for name in xen-guest-agent xe-daemon; do
                 cp /bin/echo /run/$name; chmod 711 /run/$name; mkfifo /run/$name.full
                 printf '#!/bin/sh\nread line <&3\n' >/run/scripts/$name; chmod 755 /run/scripts/$name
             done",
        );
        let user = "exec 3<>/run/$0.full; dd if=/dev/zero of=/run/$0.full oflag=nonblock bs=4096 2>/dev/null || :
                    exec setpriv --reuid 65534 --clear-groups /run/$0 --schema rfc >&3";
        let script = "exec 3<>/run/empty; exec /run/scripts/$0";
        let names = ["xen-guest-agent", "xe-daemon"];
        let started = [user, script].into_iter().flat_map(|line| names.map(|name| (line, name)));
        let start = |(line, name): (&str, &str)| {
            guest.world_command("sh").args(["-c", line, name]).spawn().unwrap()
        };
        let imposters = Imposters(started.map(start).collect());
        for (child, name) in imposters.0.iter().zip(names.iter().cycle()) {
            guest.wait_sh(&format!("grep -qx {name} /proc/{}/comm", child.id()));
        }
        imposters
    }
}

impl Drop for Imposters {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

// They start before the agent: their numbers are lower.
#[test]
fn process_of_another_user_and_script_are_no_agents_whatever_their_names_are() {
    let guest = system();
    let _imposters = Imposters::start(&guest);
    let agent = guest.published(&[]);
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), String::new()));
    drop(agent);
    let line = "warn  agent: no agent runs, and no service is installed for it; the store has what an agent published \
                earlier in this boot\n";
    assert_eq!(said(&guest, None, &[]), (Some(0), line.into()));
}

// A user may not read which program a process of root runs. In a PID namespace of its own no other test's agent is seen.
#[test]
fn agent_is_seen_by_a_user_who_may_not_see_its_program() {
    let guest = system();
    let program = program();
    let line = format!(
        "mount -t proc proc /proc; cp {program} /run/xen-guest-agent; /run/xen-guest-agent -s 2>/run/log & \
         until grep -q started /run/log; do sleep 0.1; done; \
         setpriv --reuid 65534 --clear-groups /run/xen-guest-agent --check; kill $!"
    );
    let mut command = guest.world_command("unshare");
    command.args(["-p", "-f", "sh", "-c", &line]).env("XENSTORED_PATH", guest.socket());
    let end = Agent::spawn(command).wait();
    let is_seen = |line: &str| line.starts_with("ok    agent: version 1.0.0 runs as process ");
    assert!(end.stdout.lines().any(is_seen), "{end:?}");
}

// Another schema was asked for than the agent has: a reload would not change it.
#[test]
fn agent_with_other_options_than_were_asked_for_is_told() {
    let guest = system();
    let agent = guest.published(&[]);
    let (code, lines) = said(&guest, Some(&agent), &["--schema", "rfc"]);
    let first = "warn  agent: process PID runs with another --schema, --exclude-nics or --without than this check\n\
                 FAIL  nic/eth0: vif 0 has 192.0.2.10/24, the store has nothing\nFAIL  facts: ";
    assert!(code == Some(1) && lines.starts_with(first) && !lines.contains("kill"), "{lines}");
}

#[test]
fn options_of_the_agent_in_another_order_are_the_same() {
    let guest = system();
    let options = |sources: &'static str| ["--without", sources];
    let agent = guest.published(&options("drivers,service"));
    let (_, lines) = said(&guest, Some(&agent), &options("service,drivers"));
    assert!(!lines.contains("runs with another"), "{lines}");
    let (_, lines) = said(&guest, Some(&agent), &options("service,os"));
    assert!(lines.contains("runs with another"), "{lines}");
}

#[test]
fn second_agent_is_told() {
    let guest = system();
    let first = guest.published(&[]);
    let second = guest.agent(&[]);
    second.wait_logged("started, version 1.0.0");
    let second_pid = first.pid().max(second.pid());
    let lowest = if second_pid == first.pid() { &second } else { &first };
    let line =
        format!("FAIL  others: two agents run, process PID and {second_pid}  kill {second_pid}\n");
    assert_eq!(said(&guest, Some(lowest), &[]), (Some(1), line));
}

#[test]
fn agent_whose_program_was_replaced_is_told() {
    let guest = system();
    guest.sh(&format!("cp {} /run/xen-guest-agent", program()));
    let mut command = guest.world_command("/run/xen-guest-agent");
    command.arg("-s").env("XENSTORED_PATH", guest.socket());
    let agent = Agent::spawn(command);
    guest.wait(|tree| tree.contains_key("data/updated"));
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), String::new()));
    guest.sh("rm /run/xen-guest-agent");
    let line = "warn  agent: process PID runs a program that was replaced since it started\n";
    assert_eq!(said(&guest, Some(&agent), &[]), (Some(0), line.into()));
}

#[test]
fn masked_service_and_keys_of_an_earlier_boot_are_told() {
    let guest = system();
    guest.sh("mkdir -p /run/systemd/system /run/systemd/units /etc/systemd/system");
    guest.sh("ln -s /dev/null /etc/systemd/system/xen-guest-agent.service");
    drop(guest.published(&[]));
    guest.write_as_guest("data/service/xen-guest-agent/boot-id", "0");
    let line = "warn  agent: xen-guest-agent.service is masked; the store has what an agent published in an earlier \
                boot  systemctl unmask xen-guest-agent && systemctl enable --now xen-guest-agent\n";
    assert_eq!(said(&guest, None, &[]), (Some(0), line.into()));
}

#[test]
fn services_of_openrc_and_sysv_are_told_with_their_commands() {
    let guest = system();
    guest.file("/etc/init.d/xen-guest-agent", "");
    drop(guest.published(&[]));
    let left = "; the store has what an agent published earlier in this boot";
    let line = |says: &str, fix: &str| {
        (Some(0), format!("warn  agent: the service xen-guest-agent {says}{left}  {fix}\n"))
    };
    let sysv = line("is not enabled and does not run", "service xen-guest-agent start");
    assert_eq!(said(&guest, None, &[]), sysv);
    guest.sh("mkdir -p /run/openrc/started /etc/runlevels/default");
    let add = "rc-update add xen-guest-agent && rc-service xen-guest-agent start";
    assert_eq!(said(&guest, None, &[]), line("is not enabled and does not run", add));
    guest.sh("ln -s ../../init.d/xen-guest-agent /etc/runlevels/default/");
    let start = "rc-service xen-guest-agent start";
    assert_eq!(said(&guest, None, &[]), line("is enabled but does not run", start));
}
