//! How full a volume is, and when that has moved enough to be told. No I/O.

use facts::{Disks, Volume};

/// What a file system says of itself, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// What it has room for in all; changes when it is resized.
    pub total: u64,
    /// What a user may still write.
    pub free: u64,
}

/// The least that is told, in bytes, whatever the size.
const STEP: u64 = 64 * 1024 * 1024;

/// Puts back the `free` that was `sent` of each volume that has hardly moved since.
pub fn settle(disks: &mut Disks, sent: &Disks) {
    for volume in &mut disks.volumes {
        let before = sent.volumes.iter().find(|before| before.name == volume.name);
        if let Some(before) = before.filter(|before| !has_moved(before, volume)) {
            volume.free = before.free;
        }
    }
}

/// Whether `free` has moved by 1 % of the size or by 64 MiB, whichever is less.
fn has_moved(before: &Volume, now: &Volume) -> bool {
    let step = now.size.map_or(STEP, |size| STEP.min(size / 100)).max(1);
    match (before.free, now.free) {
        (Some(before), Some(now)) => before.abs_diff(now) >= step,
        (before, now) => before != now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disks(name: &str, size: u64, free: Option<u64>) -> Disks {
        let volume = Volume { name: name.into(), size: Some(size), free, ..Volume::default() };
        Disks { volumes: vec![volume] }
    }

    fn settled(size: u64, before: Option<u64>, now: Option<u64>) -> Option<u64> {
        let mut disks = disks("/dev/xvda1", size, now);
        settle(&mut disks, &super::tests::disks("/dev/xvda1", size, before));
        disks.volumes[0].free
    }

    #[test]
    fn one_percent_of_a_small_volume_is_told_and_less_is_not() {
        assert_eq!(settled(1000, Some(500), Some(509)), Some(500));
        assert_eq!(settled(1000, Some(500), Some(510)), Some(510));
        assert_eq!(settled(1000, Some(500), Some(490)), Some(490));
    }

    #[test]
    fn of_a_large_volume_64_mib_are_told() {
        let terabyte = 1 << 40;
        assert_eq!(settled(terabyte, Some(STEP), Some(2 * STEP - 1)), Some(STEP));
        assert_eq!(settled(terabyte, Some(STEP), Some(2 * STEP)), Some(2 * STEP));
    }

    #[test]
    fn a_figure_that_comes_or_goes_is_told() {
        assert_eq!(settled(1000, None, Some(1)), Some(1));
        assert_eq!(settled(1000, Some(1), None), None);
        assert_eq!(settled(0, Some(1), Some(2)), Some(2));
    }

    #[test]
    fn another_volume_is_not_the_same() {
        let mut now = disks("/dev/xvdb1", 1000, Some(501));
        settle(&mut now, &disks("/dev/xvda1", 1000, Some(500)));
        assert_eq!(now.volumes[0].free, Some(501));
    }
}
