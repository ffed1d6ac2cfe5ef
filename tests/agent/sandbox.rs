//! Confinement, seen from outside: what the kernel says of the agent's threads, and that all it does
//! is allowed. What it can no longer do is tried in `src/sandbox/linux/tests.rs`.

use super::harness::{Agent, FIRST_TREE, Guest, OS_RELEASE, PROGRAM, Scratch};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;

/// What the kernel says of each thread: its name, then the lines that tell of confinement.
fn threads(agent: &Agent) -> Vec<(String, String)> {
    let told = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp:"];
    let tasks = fs::read_dir(format!("/proc/{}/task", agent.pid())).unwrap();
    let describe = |status: String| {
        let name = status.lines().next().unwrap().to_string();
        let lines = status.lines().filter(|line| told.iter().any(|field| line.starts_with(field)));
        (name, lines.map(|line| line.replace('\t', " ") + "\n").collect())
    };
    tasks
        .map(|task| describe(fs::read_to_string(task.unwrap().path().join("status")).unwrap()))
        .collect()
}

#[test]
fn every_thread_is_confined() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    let threads = threads(&agent);
    assert!(threads.len() > 8, "{threads:?}");
    for (name, confinement) in threads {
        assert_eq!(
            confinement,
            "CapInh: 0000000000000000\nCapPrm: 0000000000000004\nCapEff: 0000000000000004\n\
             CapBnd: 0000000000000004\nCapAmb: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2\n",
            "{name}"
        );
    }
}

#[test]
fn without_the_sandbox_nothing_is_given_up() {
    let guest = Guest::new();
    let agent = guest.published(&["--no-sandbox"]);
    for (name, confinement) in threads(&agent) {
        assert!(confinement.ends_with("NoNewPrivs: 0\nSeccomp: 0\n"), "{name}: {confinement}");
    }
}

// A kernel before 5.13 has no Landlock, one before 3.17 no seccomp(2): one line, and all the keys.
#[test]
#[allow(unsafe_code, reason = "a system call")]
fn on_an_old_kernel_it_says_so_once_and_runs() {
    let guest = Guest::new();
    let mut command = guest.command(&["-s"]);
    let old_kernel = old_kernel();
    // SAFETY: between fork and exec it makes two system calls and touches no lock.
    unsafe { command.pre_exec(move || apply_filter(&old_kernel).map_err(std::io::Error::other)) };
    let agent = Agent::spawn(command);
    guest.wait_tree(FIRST_TREE);
    let log = agent.stop("TERM").stderr;
    let told: Vec<&str> = log.lines().filter(|line| line.contains("sandbox")).collect();
    assert_eq!(told.len(), 1, "{log}");
    assert!(told[0].starts_with("info: the sandbox does without Landlock ("), "{log}");
    assert!(told[0].contains(", seccomp ("), "{log}");
}

fn old_kernel() -> BpfProgram {
    let missing = [libc::SYS_landlock_create_ruleset, libc::SYS_seccomp];
    let missing = missing.into_iter().map(|call| (call, Vec::new())).collect();
    let (others, these) = (SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS as u32));
    let processor = TargetArch::try_from(std::env::consts::ARCH).unwrap();
    SeccompFilter::new(missing, others, these, processor).unwrap().try_into().unwrap()
}

// Whatever it does: no system call of its own is refused. The C library asks for clone3 first.
#[test]
fn all_that_it_does_is_allowed() {
    let guest = Guest::new();
    let scratch = Scratch::new();
    let trace = scratch.path().join("trace");
    let _syslog = guest.syslog();
    let mut command = guest.world_command("strace");
    command.args(["-f", "-o"]).arg(&trace).arg(PROGRAM).args(["--memory-interval", "1"]);
    let agent = Agent::spawn({
        command.env("XENSTORED_PATH", guest.socket());
        command
    });
    guest.wait(|tree| tree.contains_key("data/updated"));
    everything_happens(&guest);
    guest.sh(&format!("kill -HUP $(pgrep -P {})", agent.pid()));
    guest.wait_value("data/os_majorver", "14");
    guest.kill_xenstored();
    guest.start_xenstored();
    guest.wait_value("data/host_name_dns", "other");
    guest.sh(&format!("kill -TERM $(pgrep -P {})", agent.pid()));
    assert_eq!(agent.wait().code, Some(0));
    let trace = fs::read_to_string(trace).unwrap();
    let (_, confined) = trace.split_once("SECCOMP_SET_MODE_FILTER").expect("it confines itself");
    let refused = |line: &&str| {
        ["ENOSYS", "EPERM", "EACCES"].iter().any(|error| line.contains(&format!("= -1 {error}")))
    };
    let refused: Vec<&str> = confined.lines().filter(refused).collect();
    let unexpected: Vec<_> = refused.iter().filter(|line| !line.contains("clone3")).collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
}

/// Changes everything that a collector looks at.
fn everything_happens(guest: &Guest) {
    guest.ip("addr add 192.0.2.77/24 dev eth0");
    guest.vif("eth1", 1);
    guest.wait_value("attr/vif/1/name", "eth1");
    guest.host_name("other.example.org");
    guest.file("/etc/os-release", &OS_RELEASE.replace("12", "13"));
    guest.wait_value("data/os_majorver", "13");
    let disk = guest.ext4();
    guest.mount(&disk, "a");
    guest.wait_value("data/volumes/0/mount_points/0", "/mnt/a");
    guest.sh("umount /mnt/a");
    guest.wait_gone("data/volumes/0/mount_points/0");
    guest.file("/run/reboot-required", "");
    guest.wait(|tree| tree.keys().any(|key| key.contains("reboot")));
    guest.link("vf0", 7);
    guest.ip("addr add 198.51.100.7/24 dev vf0");
    guest.plug_function(0, "00:16:3e:00:00:07");
    guest.wait(|tree| tree.keys().any(|key| key.starts_with("xenserver/attr/net-sriov-vf/0")));
    guest.driver("vbd", "xen_blkfront", &["vbd-51712"]);
    guest.uevent();
    guest.wait(|tree| tree.values().any(|value| value.contains("xen-blkfront")));
    guest.rebuild();
    guest.wait_value("attr/vif/1/name", "eth1");
    guest.file("/etc/os-release", &OS_RELEASE.replace("12", "14"));
}

// A file system below a directory that is closed to others, as /var/lib/pgsql is.
#[test]
fn a_volume_below_a_closed_directory_is_asked_too() {
    let guest = Guest::new();
    let disk = guest.ext4();
    guest.sh("mkdir -p /mnt/closed; chown 12345 /mnt/closed; chmod 700 /mnt/closed");
    guest.mount(&disk, "closed/data");
    let _agent = guest.published(&[]);
    guest.wait(|tree| tree.contains_key("data/volumes/0/free"));
}

#[test]
fn every_allowed_system_call_has_its_reason_written_down() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(here.join(path)).unwrap();
    let code =
        read("src/sandbox/linux/syscall_allowlist.rs") + &read("src/sandbox/linux/seccomp.rs");
    let words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
    let allowed: BTreeSet<&str> = words.filter_map(|word| word.strip_prefix("SYS_")).collect();
    let page = read("SECURITY.md");
    let (_, table) = page.split_once("| call | why |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let calls = table.lines().filter_map(|row| row.split('|').nth(1));
    let written: BTreeSet<&str> =
        calls.flat_map(|calls| calls.split('`').skip(1).step_by(2)).collect();
    assert_eq!(written, allowed);
}
