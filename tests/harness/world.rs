//! A machine that the agent takes for a Xen guest: network, mount and UTS namespaces of its own, with the
//! real kernel's netlink, and a /sys in which a test makes VIFs. It does not change the real machine.

use super::{PATIENCE, wait_for};
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The namespaces; they end when dropped.
pub struct TestNamespaces {
    keeper: Child,
}

impl TestNamespaces {
    /// Makes the namespaces. `scratch` is an empty directory for their files.
    pub fn new(scratch: &Path) -> TestNamespaces {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/harness/world.sh");
        let mut keeper = Command::new("unshare")
            .args(["-m", "-n", "-u", "--", "sh"])
            .args([&script, scratch])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(
            line, "ready\n",
            "cannot make namespaces: the tests need root and a kernel with namespaces"
        );
        TestNamespaces { keeper }
    }

    /// A command that runs inside.
    pub fn world_command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.keeper.id().to_string(), "-m", "-n", "-u", "--"]).arg(program);
        command
    }

    /// Runs a line of shell inside.
    pub fn sh(&self, line: &str) {
        let done = self.world_command("sh").args(["-euc", line]).output().unwrap();
        assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Waits until a line of shell succeeds inside.
    pub fn wait_sh(&self, line: &str) {
        let succeeds = || self.world_command("sh").args(["-c", line]).status().unwrap().success();
        assert!(wait_for(PATIENCE, succeeds), "{line}");
    }

    /// Makes the socket to which programs inside log.
    pub fn syslog(&self) -> UnixDatagram {
        let socket = UnixDatagram::bind(self.path("/dev/log")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket
    }

    /// Runs ip(8) inside, one command a line; bytes, as interface names are.
    pub fn ip(&self, lines: impl AsRef<[u8]>) {
        let done = self.ip_batch(&[], lines.as_ref());
        let lines = String::from_utf8_lossy(lines.as_ref()).into_owned();
        assert!(done.status.success(), "ip {lines}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// The same for lines of which the kernel may reject some.
    pub fn ip_where_possible(&self, lines: impl AsRef<[u8]>) {
        self.ip_batch(&["-force"], lines.as_ref());
    }

    fn ip_batch(&self, flags: &[&str], lines: &[u8]) -> Output {
        let mut command = self.world_command("ip");
        command.args(flags).args(["-batch", "-"]).stdin(Stdio::piped());
        let mut ip = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (mut input, lines) = (ip.stdin.take().unwrap(), lines.to_vec());
        // ip(8) may write errors before it has read everything: a thread writes, so that neither waits.
        let writer = std::thread::spawn(move || drop(input.write_all(&lines)));
        let done = ip.wait_with_output().unwrap();
        writer.join().unwrap();
        done
    }

    /// The path from outside of a file inside.
    pub fn path(&self, inside: impl AsRef<OsStr>) -> PathBuf {
        let mut path = PathBuf::from(format!("/proc/{}/root", self.keeper.id())).into_os_string();
        path.push(inside);
        path.into()
    }

    /// Writes a file inside; makes its directories.
    pub fn file(&self, inside: impl AsRef<OsStr>, text: &str) {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn remove_file(&self, inside: &str) {
        fs::remove_file(self.path(inside)).unwrap();
    }

    /// Sets the host name, which may contain a domain.
    pub fn host_name(&self, name: &str) {
        self.sh(&format!("echo '{name}' >/proc/sys/kernel/hostname"));
    }

    /// Sets the figures of `/proc/meminfo`, in KiB.
    pub fn memory(&self, total: u32, available: u32) {
        let text = format!(
            "MemTotal:       {total:8} kB\nMemFree:        {available:8} kB\nMemAvailable:   {available:8} kB\n\
             Buffers:               0 kB\nCached:                0 kB\nShmem:                 0 kB\n\
             SReclaimable:          0 kB\nSwapTotal:             0 kB\nSwapFree:              0 kB\n"
        );
        // The same length each time, and no truncation: a reader never sees a part of it.
        let mut file = fs::OpenOptions::new().write(true).open(self.path("/proc/meminfo")).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// Makes the interface of this name VIF `id` in sysfs. The interface need not exist yet.
    pub fn is_vif(&self, name: impl AsRef<[u8]>, id: u32) {
        self.parent(name.as_ref(), "vif", &format!("device/vif/{id}"));
        self.sysfs_index(name, 100 + id);
    }

    /// Sets the index of the interface of this name in sysfs.
    pub fn sysfs_index(&self, name: impl AsRef<[u8]>, index: u32) {
        let file = [b"/sys/class/net/", name.as_ref(), b"/ifindex"].concat();
        self.file(OsStr::from_bytes(&file), &format!("{index}\n"));
    }

    /// Sets the parent device of the interface in sysfs.
    pub fn parent(&self, name: impl AsRef<[u8]>, devtype: &str, nodename: &str) {
        let device = [b"/sys/class/net/", name.as_ref(), b"/device"].concat();
        let file = |leaf: &str| OsStr::from_bytes(&[&device, leaf.as_bytes()].concat()).to_owned();
        self.file(file("/devtype"), &format!("{devtype}\n"));
        self.file(file("/nodename"), &format!("{nodename}\n"));
    }

    /// Adds a Xen driver to sysfs, in a module, with these devices.
    pub fn driver(&self, driver: &str, module: &str, devices: &[&str]) {
        let (here, top) = (format!("/sys/bus/xen/drivers/{driver}"), "../../../../..");
        self.sh(&format!("mkdir -p {here} && ln -s {top}/module/{module} {here}/module"));
        for device in devices {
            self.sh(&format!("ln -s {top}/devices/{device} {here}/{device}"));
        }
    }

    /// Makes a driver that is built into a kernel without a link to its module, as Ubuntu's 6.8 is.
    pub fn built_in_driver(&self, driver: &str, device: &str) {
        let here = format!("/sys/bus/xen/drivers/{driver}");
        self.sh(&format!(
            "mkdir -p {here} && ln -s ../../../../../devices/{device} {here}/{device}"
        ));
    }

    /// Makes a link that is up and has a carrier and no address. Its MAC ends in the number; its index is 100
    /// plus the number. Its peer is called `p` and the number, with an index of 200 plus the number.
    pub fn link(&self, name: impl AsRef<[u8]>, number: u32) {
        let name = name.as_ref();
        self.sysfs_index(name, 100 + number);
        let mut lines = Vec::new();
        for part in [
            format!("link add p{number} index {0} address {1}:{number:02x} type veth peer name ", 200 + number, "02:00:00:00:00").as_bytes(),
            name,
            format!(" index {0} address {1}:{number:02x}\nlink set p{number} addrgenmode none\nlink set ", 100 + number, "00:16:3e:00:00").as_bytes(),
            name,
            format!(" addrgenmode none\nlink set p{number} up\nlink set ").as_bytes(),
            name,
            b" up\n",
        ] {
            lines.extend(part);
        }
        self.ip(lines);
    }

    /// Makes VIF `id` as a hot-plug does: the parent device, then the link.
    pub fn vif(&self, name: impl AsRef<[u8]>, id: u32) {
        self.is_vif(name.as_ref(), id);
        self.link(name, id);
    }
}

impl Drop for TestNamespaces {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
