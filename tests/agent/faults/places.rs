//! Full disk, read-only root, no /run, no syslog, closed stderr, removed working directory, limits of files
//! and threads: the agent runs, or exits with one line that names the reason.

use super::super::harness::{Agent, FIRST_TREE, Finished, Guest, PATIENCE, program, wait_for};
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A line of shell to be run in the guest's namespaces; `$0` is the agent.
fn shell(guest: &Guest, line: &str) -> Command {
    let mut command = guest.world_command("sh");
    command.args(["-c", line, program()]).env("XENSTORED_PATH", guest.socket());
    command.env_remove("XENSTORE_SCHEMA").env_remove("RUST_LOG");
    command
}

/// Starts the agent with this line. Checks that it publishes, follows changes, reloads and ends.
fn check_runs(guest: &Guest, line: &str) {
    let agent = Agent::spawn(shell(guest, line));
    guest.wait_tree(FIRST_TREE);
    guest.sync_with_agent();
    guest.ip("addr del 203.0.113.1/32 dev eth0");
    guest.wait_tree(FIRST_TREE);
    agent.signal("HUP");
    guest.file("/etc/debian_version", "12.8\n");
    guest.wait_value("data/os_minorver", "8");
    guest.file("/etc/debian_version", "12.7\n");
    guest.wait_tree(FIRST_TREE);
    // A batch that is not ended is ended first.
    agent.wait_idle();
    let end = agent.stop("TERM");
    assert_eq!(end.code, Some(0), "{line}: {end:?}");
    assert!(end.took < Duration::from_secs(1), "{end:?}");
    assert!(!end.stderr.contains("panicked"), "{end:?}");
}

#[test]
fn agent_runs_with_cwd_and_log_on_full_disk() {
    let guest = Guest::new();
    guest.sh("mkdir -p /dev/full.disk && mount -t tmpfs -o size=4k none /dev/full.disk");
    guest.sh("! dd if=/dev/zero of=/dev/full.disk/file bs=4k count=2 2>/dev/null");
    check_runs(&guest, "cd /dev/full.disk && TMPDIR=$PWD exec \"$0\" -s -ltrace 2>log");
}

#[test]
fn agent_runs_on_read_only_root() {
    let guest = Guest::new();
    // The files that the test changes are in a mount of their own.
    guest.sh("mount -o remount,bind,ro /; ! touch /tmp/x /x 2>/dev/null");
    check_runs(&guest, "exec \"$0\" -s");
}

// The root has only the program, its libraries, /etc, /proc, /sys and /dev.
#[test]
fn agent_runs_without_run_var_and_tmp() {
    let guest = Guest::new();
    let line = "set -e; new=/dev/root; mkdir $new; mount -t tmpfs none $new
        for dir in /usr /lib /lib64 /bin /etc /proc /sys /dev; do
            [ -e $dir ] || continue
            mkdir -p $new$dir; mount --rbind $dir $new$dir
        done
        mkdir $new/agent $new/store
        mount --bind \"${0%/*}\" $new/agent; mount --bind \"${XENSTORED_PATH%/*}\" $new/store
        mount -o remount,bind,ro $new
        export XENSTORED_PATH=/store/${XENSTORED_PATH##*/}
        exec chroot $new /agent/${0##*/} -s";
    check_runs(&guest, line);
}

#[test]
fn agent_runs_without_syslog() {
    let guest = Guest::new();
    check_runs(&guest, "[ ! -e /dev/log ] && exec \"$0\" 2>/dev/null");
    check_runs(&guest, "exec \"$0\" 2>&-");
}

/// Makes the agent, at level trace, log a thousand lines.
fn log_much(guest: &Guest) {
    // Each list has a line for each address.
    for n in 0..250 {
        guest.ip(format!("addr add 10.0.0.{n}/32 dev eth0"));
    }
    guest.sync_with_agent();
}

// No process reads the socket. It queues `net.unix.max_dgram_qlen` lines at most.
#[test]
fn agent_runs_with_a_full_syslog_socket() {
    let guest = Guest::new();
    let _unread = guest.syslog();
    let agent = Agent::spawn(shell(&guest, "exec \"$0\" -ltrace"));
    guest.wait_tree(FIRST_TREE);
    log_much(&guest);
    let end = agent.stop("TERM");
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(end.took < Duration::from_secs(1), "{end:?}");
}

#[test]
fn restarted_syslog_is_used_again() {
    let guest = Guest::new();
    let syslog = guest.syslog();
    let agent = Agent::spawn(shell(&guest, "exec \"$0\""));
    guest.wait_tree(FIRST_TREE);
    drop(syslog);
    guest.remove_file("/dev/log");
    agent.signal("HUP");
    guest.sync_with_agent();
    let syslog = guest.syslog();
    agent.signal("HUP");
    let (mut line, reload) = ([0; 1024], "reload: reading xenstore back");
    let length = syslog.recv(&mut line).unwrap();
    assert!(String::from_utf8_lossy(&line[..length]).contains(reload));
    assert_eq!(agent.stop("TERM").code, Some(0));
}

// As with a stopped terminal or a waiting pager, no process reads the pipe.
#[test]
fn agent_exits_on_sigterm_while_its_stderr_pipe_is_full() {
    let guest = Guest::new();
    let mut command = shell(&guest, "exec \"$0\" -s -ltrace");
    let mut process = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    guest.wait_tree(FIRST_TREE);
    // More than the 64 KiB that fit into a pipe.
    log_much(&guest);
    let line = format!("kill -TERM {}", process.id());
    assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
    let ended = wait_for(PATIENCE, || process.try_wait().unwrap().is_some());
    let mut log = Vec::new();
    process.kill().unwrap();
    process.stderr.take().unwrap().read_to_end(&mut log).unwrap();
    assert!(ended && log.len() >= 32 * 1024, "ended {ended}, {} bytes of log", log.len());
}

#[test]
fn agent_runs_with_stderr_closed() {
    check_runs(&Guest::new(), "exec \"$0\" -s 2>&-");
}

#[test]
fn agent_runs_with_all_descriptors_closed() {
    check_runs(&Guest::new(), "exec \"$0\" -s <&- >&- 2>&-");
}

#[test]
fn agent_runs_in_removed_working_directory() {
    check_runs(
        &Guest::new(),
        "mkdir /dev/gone && cd /dev/gone && rmdir /dev/gone && exec \"$0\" -s",
    );
}

#[test]
fn agent_runs_with_empty_environment() {
    check_runs(&Guest::new(), "exec env -i XENSTORED_PATH=\"$XENSTORED_PATH\" \"$0\" -s");
}

/// `Ok` if the agent ran, else the one error line with which it exited.
fn runs_or_exits_with_reason(guest: &Guest, line: &str) -> Result<(), String> {
    guest.recreate_tree();
    let agent = Agent::spawn(shell(guest, line));
    let published = wait_for(PATIENCE, || {
        guest.tree().contains_key("attr/PVAddons/Installed") || agent.stderr().contains("error: ")
    });
    assert!(published, "{line}: it neither ran nor ended: {}", agent.stderr());
    if !agent.stderr().contains("error: ") {
        let Finished { code, stderr, .. } = agent.stop("TERM");
        assert_eq!((code, stderr.contains("panicked")), (Some(0), false), "{line}: {stderr}");
        return Ok(());
    }
    let end = agent.wait();
    let errors: Vec<_> = end.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!((end.code, errors.len()), (Some(1), 1), "{line}: {end:?}");
    assert!(!end.stderr.contains("panicked"), "{end:?}");
    Err(errors[0].into())
}

// With the lowest limit no program starts; with the highest all of the agent runs.
#[test]
fn rlimit_nofile_4_to_48_runs_or_exits_1_with_one_error() {
    let guest = Guest::new();
    let mut ran = Vec::new();
    for limit in (4..=48).step_by(2) {
        match runs_or_exits_with_reason(&guest, &format!("exec prlimit --nofile={limit} \"$0\" -s"))
        {
            Ok(()) => ran.push(limit),
            Err(why) => println!("{limit} files: {why}"),
        }
    }
    println!("ran with {ran:?} files");
    assert!(ran.contains(&48) && !ran.contains(&4), "{ran:?}");
}

// The limit does not apply to root, so the agent runs as a user without other processes.
#[test]
fn rlimit_nproc_1_to_12_runs_or_exits_1_with_one_error() {
    let guest = Guest::new();
    // A place where this user may run it: other users often cannot enter a home directory.
    std::fs::copy(program(), guest.path("/run/agent")).unwrap();
    let mut ran = Vec::new();
    for limit in 1..=12 {
        std::fs::set_permissions(
            guest.socket(),
            std::os::unix::fs::PermissionsExt::from_mode(0o777),
        )
        .unwrap();
        let line = format!(
            "exec setpriv --reuid 64999 --clear-groups prlimit --nproc={limit} /run/agent -s"
        );
        match runs_or_exits_with_reason(&guest, &line) {
            Ok(()) => ran.push(limit),
            Err(why) => println!("{limit} threads: {why}"),
        }
    }
    println!("ran with {ran:?} threads");
    assert!(ran.contains(&12) && !ran.contains(&1), "{ran:?}");
}

// The kernel kills the process with the highest score, which depends on its memory.
#[test]
fn oom_score_is_at_most_that_of_the_tests() {
    let guest = Guest::new();
    let agent = guest.published(&[]);
    let score = std::fs::read_to_string(format!("/proc/{}/oom_score", agent.pid())).unwrap();
    let own = std::fs::read_to_string("/proc/self/oom_score").unwrap();
    println!("oom_score {}, that of the tests {}", score.trim(), own.trim());
    assert!(score.trim().parse::<u32>().unwrap() <= own.trim().parse().unwrap());
}
