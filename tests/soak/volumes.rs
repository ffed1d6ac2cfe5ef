//! Actions on mounts and swap, and the wanted keys. There are two disks with ext4 and one with swap.

use crate::harness::{Disk, Guest};
use crate::soak::Soak;
use std::fs;
use std::process::Command;

const PLACES: [&str; 4] = ["a", "b", "c d", "e"];

pub struct Volumes {
    disks: [Disk; 2],
    swap: Disk,
    is_swapping: bool,
    /// Mounted disks with their mount points.
    mounted: Vec<(usize, &'static str)>,
}

impl Volumes {
    pub fn new(guest: &Guest) -> Volumes {
        let (disks, swap) = ([guest.ext4(), guest.ext4()], guest.disk(16));
        guest.sh(&format!("mkswap /dev/{} > /dev/null", swap.name));
        Volumes { disks, swap, is_swapping: false, mounted: Vec::new() }
    }

    /// The wanted keys, with names in place of indices. `is_free` compares the free space.
    pub fn wanted(&self) -> Vec<(String, String)> {
        let mut keys = Vec::new();
        for (disk, place) in &self.mounted {
            keys.extend(volume(&self.disks[*disk], "ext4", "67108864", &format!("/mnt/{place}")));
        }
        if self.is_swapping {
            keys.extend(volume(&self.swap, "swap", "16777216", "[SWAP]"));
        }
        keys
    }

    /// Whether the published `free` of a volume is right: the error is less than 1 % of its size.
    pub fn is_free(&self, guest: &Guest, name: &str, free: u64) -> bool {
        let is_it = |(disk, _): &&(usize, &str)| format!("/dev/{}", self.disks[*disk].name) == name;
        match self.mounted.iter().find(is_it) {
            Some((_, place)) => available(guest, place).abs_diff(free) < 671_088,
            None => self.swap_free().abs_diff(free) < 167_772,
        }
    }

    pub fn swap_name(&self) -> String {
        format!("/dev/{}", self.swap.name)
    }

    /// The free bytes of the swap, and the kernel's counts of swapped pages. They change at any time: the kernel
    /// swaps for the whole machine, and with DAMON also while memory is free.
    pub fn swap_state(&self) -> (u64, String) {
        let counts = fs::read_to_string("/proc/vmstat").unwrap();
        let counts = counts.lines().filter(|line| line.starts_with("pswp")).collect();
        (self.swap_free(), counts)
    }

    fn swap_free(&self) -> u64 {
        let device = self.swap_name();
        let table = fs::read_to_string("/proc/swaps").unwrap();
        let mut lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let kib = |field: &str| field.parse::<u64>().unwrap();
        let line = lines.find(|fields| fields[0] == device);
        line.map_or(0, |fields| (kib(fields[2]) - kib(fields[3])) * 1024)
    }
}

fn volume(disk: &Disk, kind: &str, size: &str, point: &str) -> Vec<(String, String)> {
    let name = format!("/dev/{}", disk.name);
    [
        ("name", name.clone()),
        ("size", size.into()),
        ("free", "as df has it".into()),
        ("filesystem", kind.into()),
        (&format!("mount_points/<{point}>"), String::new()),
    ]
    .map(|(key, value)| (format!("data/volumes/<{name}>/{key}"), value))
    .into()
}

/// The available space, as df(1) prints it.
fn available(guest: &Guest, place: &str) -> u64 {
    let line = format!("df --output=avail -B1 '/mnt/{place}' | tail -n 1");
    let df = guest.world_command("sh").args(["-c", &line]).output().unwrap();
    String::from_utf8(df.stdout).unwrap().trim().parse().unwrap()
}

/// Mounts a disk where nothing is; also one that is mounted elsewhere, and bind mounts of it.
pub fn mount(soak: &mut Soak) {
    let place = *soak.random.pick(&PLACES);
    if soak.volumes.mounted.iter().any(|(_, taken)| *taken == place) {
        soak.journal.detail("a part of it elsewhere");
        return soak.guest.sh(&format!(
            "mkdir -p '/mnt/{place}/part' /mnt/bound; ! mountpoint -q /mnt/bound || umount /mnt/bound
             mount --bind '/mnt/{place}/part' /mnt/bound"
        ));
    }
    let disk = soak.random.below(2) as usize;
    soak.journal.detail(&format!("{disk} {place}"));
    soak.guest.mount(&soak.volumes.disks[disk], place);
    soak.volumes.mounted.push((disk, place));
}

pub fn unmount(soak: &mut Soak) {
    if soak.volumes.mounted.is_empty() {
        return;
    }
    let at = soak.random.below(soak.volumes.mounted.len() as u64) as usize;
    let (_, place) = soak.volumes.mounted.remove(at);
    soak.journal.detail(place);
    soak.guest
        .sh(&format!("! mountpoint -q /mnt/bound || umount /mnt/bound; umount '/mnt/{place}'"));
}

pub fn swap(soak: &mut Soak) {
    soak.volumes.is_swapping ^= true;
    let verb = if soak.volumes.is_swapping { "swapon" } else { "swapoff" };
    soak.journal.detail(verb);
    soak.guest.sh(&format!("{verb} /dev/{}", soak.volumes.swap.name));
}

/// Allocates a file of another size.
pub fn fill(soak: &mut Soak) {
    let Some((_, place)) = soak.volumes.mounted.first().copied() else { return };
    let kib = soak.random.between(1, 40_000);
    soak.journal.detail(&format!("{place} {kib}"));
    soak.guest.sh(&format!(
        "rm -f '/mnt/{place}/file'; fallocate -l {kib}K '/mnt/{place}/file'; sync -f '/mnt/{place}'"
    ));
}

impl Drop for Volumes {
    fn drop(&mut self) {
        // Swap is used by the whole machine.
        if self.is_swapping {
            let _ = Command::new("swapoff").arg(format!("/dev/{}", self.swap.name)).status();
        }
    }
}
