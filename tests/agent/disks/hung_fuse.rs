//! A FUSE file system whose daemon never answers must not block the agent: neither the other volumes, nor
//! the network, nor the exit.

use super::super::harness::{Disk, Guest, HungFuse};
use super::index;
use std::time::Duration;

#[test]
fn hung_fuse_has_no_free_and_blocks_nothing() {
    let guest = Guest::new();
    let (hung, disk, covered) = (guest.disk(1), guest.ext4(), guest.ext4());
    guest.mount(&covered, "covered");
    guest.sh("mkdir /mnt/covered/part; mount --bind /mnt/covered/part /mnt/covered");
    // The daemons are dropped before the agent: an agent that waits for them could not be killed.
    let agent;
    let mut daemons =
        [guest.hung(Some(&hung), "windows"), guest.hung(None, "far"), guest.hung(None, "covered")];
    guest.mount(&disk, "a");
    agent = guest.published(&["--disk-interval", "1"]);
    let n = index(&guest, &hung);
    guest.wait_value(&format!("data/volumes/{n}/mount_points/0"), "/mnt/windows");
    guest.wait_value(&format!("data/volumes/{n}/size"), "1048576");
    assert!(!guest.tree().contains_key(&format!("data/volumes/{n}/free")));
    let n = index(&guest, &covered);
    assert!(!guest.tree().contains_key(&format!("data/volumes/{n}/free")));
    let n = index(&guest, &disk);
    let threads = || std::fs::read_dir(format!("/proc/{}/task", agent.pid())).unwrap().count();
    let threads_before = threads();
    let free = format!("data/volumes/{n}/free");
    let before = guest.tree()[&free].clone();
    guest.fill("a/large", 10_240);
    guest.wait(|tree| tree[&free] != before);
    guest.sync_with_agent();
    assert_eq!(threads(), threads_before);
    assert!(daemons.iter_mut().all(HungFuse::hangs));
    let end = agent.stop("TERM");
    assert!(end.code == Some(0) && end.took < Duration::from_secs(1), "{end:?}");
    assert!(!end.stderr.contains("warn"), "{end:?}");
}

// The owner of a directory above a mount point can replace it by a link. That causes no mount event, so
// the agent does not read the mount table again.
#[test]
fn link_into_hung_fuse_in_the_path_of_a_volume_blocks_nothing() {
    let guest = Guest::new();
    let (disk, other) = (guest.ext4(), guest.ext4());
    // The daemon is dropped before the agent: an agent that waits for it could not be killed.
    let agent;
    let mut daemon = guest.hung(None, "far");
    // Swap of other tests would make the agent look up the devices again.
    guest.sh(": >/dev/swaps; mount --bind /dev/swaps /proc/swaps");
    guest.mount(&disk, "home/data");
    guest.mount(&other, "other");
    agent = guest.published(&["--disk-interval", "1"]);
    let free = |disk: &Disk| format!("data/volumes/{}/free", index(&guest, disk));
    let (free, other_free) = (free(&disk), free(&other));
    // Devices are looked up once more after the start; from then on the agent only takes samples.
    let mut before = guest.wait(|tree| tree.contains_key(&free))[&other_free].clone();
    guest.fill("other/first", 10_240);
    before = guest.wait(|tree| tree[&other_free] != before)[&other_free].clone();
    guest.sh("mv /mnt/home /mnt/moved; ln -s far /mnt/home");
    guest.wait_gone(&free);
    guest.fill("other/large", 10_240);
    guest.wait(|tree| tree[&other_free] != before);
    guest.sh("rm /mnt/home; mv /mnt/moved /mnt/home");
    guest.wait(|tree| tree.contains_key(&free));
    assert!(daemon.hangs());
    let end = agent.stop("TERM");
    assert!(end.code == Some(0) && end.took < Duration::from_secs(1), "{end:?}");
}
