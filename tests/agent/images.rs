//! Images that are made in a chroot or a container on a running guest: the keys and the processes that can be seen there are
//! the guest's own.

use super::harness::{Agent, FIRST_TREE, Finished, Guest, program};

const SOURCE: &str = env!("CARGO_MANIFEST_DIR");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/init/xen-guest-agent.sysv");

/// Makes `/run/image`: a copy of the root without `/proc`, with the guest's `/sys`, `/dev` and `/run`, as builders of
/// images bind them. Its `/etc` is its own.
fn make_image(guest: &Guest) {
    let (program, _) = program().rsplit_once('/').unwrap();
    let store = guest.run.path().display();
    guest.sh(&format!(
        "image=/run/image; mkdir $image /run/upper /run/work /run/etc
         mount -t overlay image -o lowerdir=/,upperdir=/run/upper,workdir=/run/work $image
         cp -r /etc/. /run/etc; mount --bind /run/etc $image/etc
         for dir in /sys /dev /run {program} {SOURCE} {store}; do
             mkdir -p $image$dir; mount --rbind $dir $image$dir
         done"
    ));
    guest.file("/run/etc/os-release", "ID=image\nPRETTY_NAME=Image\n");
}

/// Runs a line of shell after `unshare`; `$agent` is the program.
fn run(guest: &Guest, unshare: &[&str], line: &str) -> Finished {
    let mut command = guest.world_command("unshare");
    command.args(unshare).args(["sh", "-euc", line]);
    command.env("agent", program()).env("script", SCRIPT).env("XENSTORED_PATH", guest.socket());
    Agent::spawn(command).wait()
}

// A package may be removed while an image is made.
#[test]
fn withdraw_in_a_chroot_or_a_container_exits_0_and_removes_nothing() {
    for (unshare, line, why) in [
        (
            &[][..],
            "chroot /run/image $agent --withdraw",
            "/proc is not mounted: this may be a chroot on a running guest",
        ),
        (
            &["-m", "-p", "-f"],
            "exec chroot /run/image sh -euc 'mount -t proc proc /proc; $agent --withdraw'",
            "a container, with a PID namespace of its own",
        ),
        (
            &["-m", "-p", "-f"],
            "mount -t proc proc /proc; mount --rbind /proc /run/image/proc; chroot /run/image $agent --withdraw",
            "not the root of the running system",
        ),
    ] {
        let guest = Guest::new();
        guest.run(&["-s", "--once"]);
        make_image(&guest);
        let end = run(&guest, unshare, line);
        let line = format!("info: {why}: nothing is withdrawn\n");
        assert_eq!((end.code, end.stderr), (Some(0), line));
        guest.wait_tree(FIRST_TREE);
    }
}

/// The sysv script of a guest, with the agent that cargo built. It stops the agent when it is dropped.
struct Service<'a>(&'a Guest);

impl Service<'_> {
    fn of(guest: &Guest) -> Service<'_> {
        let socket = guest.socket();
        let settings = format!("DAEMON={}\nXENSTORED_PATH={}\n", program(), socket.display());
        guest.file("/etc/default/xen-guest-agent", &settings);
        Service(guest)
    }
}

impl Drop for Service<'_> {
    fn drop(&mut self) {
        let mut command = self.0.world_command("sh");
        let _ = command.args([SCRIPT, "stop"]).output();
    }
}

/// How images are made: what `unshare` shares no more, and the line of shell that runs `$script $1` in the image.
const BUILDERS: [(&[&str], &str); 3] = [
    (&[], "chroot /run/image sh $script"),
    (
        &["-m", "-p", "-f"],
        "mount -t proc proc /proc; mount --rbind /proc /run/image/proc; chroot /run/image sh $script",
    ),
    (&["-m", "-p", "-f", "chroot", "/run/image"], "mount -t proc proc /proc; sh $script"),
];

// The chroot has the guest's /run, and so the pid of its agent.
#[test]
fn sysv_script_in_a_chroot_or_a_container_starts_and_stops_nothing() {
    let nothing = "xen-guest-agent: not the running system: nothing is done\n";
    for (unshare, line) in BUILDERS {
        let guest = Guest::new();
        let _service = Service::of(&guest);
        make_image(&guest);
        let mark = guest.mark();
        for action in ["start", "restart", "try-restart"] {
            let end = run(&guest, unshare, &format!("{line} {action}"));
            assert_eq!((end.code, end.stderr.as_str()), (Some(0), nothing), "{line} {action}");
        }
        assert_eq!(guest.changes_since(mark), [""; 0], "{line}");
        guest.sh(&format!("sh {SCRIPT} start"));
        guest.wait_tree(FIRST_TREE);
        for action in ["stop", "restart", "reload"] {
            let end = run(&guest, unshare, &format!("{line} {action}"));
            assert_eq!((end.code, end.stderr.as_str()), (Some(0), nothing), "{line} {action}");
        }
        guest.sh(&format!("sh {SCRIPT} status"));
        guest.wait_tree(FIRST_TREE);
    }
}

#[test]
fn install_script_in_a_chroot_installs_and_says_that_it_starts_nothing() {
    for (unshare, line) in BUILDERS {
        let guest = Guest::new();
        make_image(&guest);
        let program = program();
        guest.sh(&format!(
            "cd /run/image; mkdir -p run/archive/packaging etc/init.d; rm -f bin/systemctl usr/bin/systemctl
             cp -r {SOURCE}/packaging/install run/archive/packaging
             cp {SOURCE}/packaging/tar/install.sh {program} run/archive
             cp -r {SOURCE}/init {SOURCE}/man run/archive"
        ));
        let mark = guest.mark();
        let line = line.replace("$script", "/run/archive/install.sh");
        let end = run(&guest, unshare, &line);
        let said = "xen-guest-agent: not the running system: nothing is done\n";
        assert_eq!((end.code, end.stderr.as_str()), (Some(0), said), "{line}");
        assert_eq!(guest.changes_since(mark), [""; 0], "{line}");
        guest.sh(
            "[ -x /run/image/usr/sbin/xen-guest-agent ] && [ -x /run/etc/init.d/xen-guest-agent ]",
        );
        assert_eq!(guest.tree().keys().filter(|key| key.starts_with("attr/PV")).count(), 0);
    }
}
