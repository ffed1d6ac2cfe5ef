//! Disks of a guest: real loop devices. The guest's /dev and /sys show these and no others.

use super::Scratch;
use super::world::TestNamespaces;
use std::process::{Child, Command, Stdio};

/// A disk; it is removed when dropped and no longer mounted.
pub struct Disk {
    /// The kernel's name, such as `loop3`.
    pub name: String,
    _image: Scratch,
}

/// A FUSE file system that never answers, until dropped.
pub struct HungFuse(Child);

impl TestNamespaces {
    /// Makes an empty disk of this size in MiB.
    pub fn disk(&self, mib: u32) -> Disk {
        let image = Scratch::new();
        let file = image.path().join("disk");
        std::fs::File::create(&file).unwrap().set_len(u64::from(mib) << 20).unwrap();
        let made = Command::new("losetup").args(["--find", "--show"]).arg(&file).output().unwrap();
        assert!(made.status.success(), "losetup: {}", String::from_utf8_lossy(&made.stderr));
        let name = String::from_utf8(made.stdout).unwrap().trim().replace("/dev/", "");
        self.sh(&format!(
            "mkdir -p /dev/sysfs /sys/dev/block /sys/class/block /sys/devices/virtual/block/{name}
             mount -t sysfs sysfs /dev/sysfs
             mount --bind /dev/sysfs/devices/virtual/block/{name} /sys/devices/virtual/block/{name}
             umount /dev/sysfs
             ln -s ../../devices/virtual/block/{name} /sys/class/block/{name}
             number=$(cat /sys/class/block/{name}/dev)
             ln -s ../../devices/virtual/block/{name} /sys/dev/block/$number
             mknod /dev/{name} b ${{number%:*}} ${{number#*:}}
             grep -q ' /mnt .* - tmpfs ' /proc/self/mountinfo || mount -t tmpfs tmpfs /mnt"
        ));
        Disk { name, _image: image }
    }

    /// Makes a disk of 64 MiB with an ext4 on it.
    pub fn ext4(&self) -> Disk {
        let disk = self.disk(64);
        self.sh(&format!("mkfs.ext4 -q -m 0 /dev/{}", disk.name));
        disk
    }

    /// Mounts a disk at `/mnt/NAME`.
    pub fn mount(&self, disk: &Disk, name: &str) {
        self.sh(&format!("mkdir -p '/mnt/{name}'; mount /dev/{} '/mnt/{name}'", disk.name));
    }

    /// Allocates a file of this size in KiB below `/mnt`.
    pub fn fill(&self, path: &str, kib: u32) {
        self.sh(&format!("fallocate -l {kib}K /mnt/{path}"));
    }

    /// Mounts a FUSE file system at `/mnt/NAME`, from a disk if one is given. Its daemon answers the first
    /// request, FUSE_INIT, reads the others and does not answer them.
    pub fn hung(&self, disk: Option<&Disk>, name: &str) -> HungFuse {
        let (kind, source) = match disk {
            Some(disk) => ("fuseblk", format!("/dev/{}", disk.name)),
            None => ("fuse", "far".into()),
        };
        // The answer to FUSE_INIT has the number of the request: `fuse_in_header`, `fuse_out_header` and
        // `fuse_init_out` in linux/fuse.h.
        let zeros = |count: usize| "\\0".repeat(count);
        let (head, init) = (
            format!("\\120{}", zeros(7)),
            format!("\\7{}\\37{}\\20{}\\1{}", zeros(3), zeros(16), zeros(2), zeros(39)),
        );
        let script = format!(
            "[ -e /dev/fuse ] || mknod /dev/fuse c 10 229
             mkdir -p /mnt/{name}
             exec 3<>/dev/fuse
             mount -i -t {kind} -o fd=3,rootmode=40000,user_id=0,group_id=0 {source} /mnt/{name}
             dd bs=128k count=1 <&3 >/dev/{name}.request 2>/dev/null
             printf '{head}' >/dev/{name}.answer
             dd bs=8 skip=1 count=1 if=/dev/{name}.request 2>/dev/null >>/dev/{name}.answer
             printf '{init}' >>/dev/{name}.answer
             dd bs=80 count=1 if=/dev/{name}.answer 2>/dev/null >&3
             : >/dev/{name}.serves
             exec cat <&3 >/dev/null"
        );
        let mut command = self.world_command("sh");
        let child = command.args(["-euc", &script]).stdin(Stdio::null()).spawn().unwrap();
        self.wait_sh(&format!("[ -e /dev/{name}.serves ]"));
        HungFuse(child)
    }
}

impl HungFuse {
    /// Whether its daemon runs: without a daemon, requests fail.
    pub fn hangs(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A disk in use is detached with its mount, which ends with the namespaces.
        let _ = Command::new("losetup").args(["--detach", &format!("/dev/{}", self.name)]).status();
    }
}

impl Drop for HungFuse {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
