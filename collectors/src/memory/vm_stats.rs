//! Total and available memory from the BSDs' counters. No I/O; every host tests both systems' code.

use crate::headers::netbsd;

/// Bytes of a page.
pub const PAGESIZE: &str = "hw.pagesize";
/// FreeBSD's balloon driver: its numbers are below.
pub const FREEBSD_BALLOON: &str = "dev.xen.balloon";
/// NetBSD's: the KiB that the balloon leaves (`sys/arch/xen/xen/balloon.c`).
pub const NETBSD_BALLOON: &str = "machdep.xen.balloon.current";

/// FreeBSD: total and available memory in KiB; `None` if there is no total. `number` reads a sysctl.
///
/// The kernel's total contains the pages of the balloon (`low_mem` of `sys/dev/xen/balloon/balloon.c`). Memory
/// of ZFS above its minimum is reclaimable.
#[must_use]
pub fn of_freebsd(number: impl Fn(&str) -> Option<u64>) -> Option<(u64, u64)> {
    let pages = |name: &str| number(&format!("vm.stats.vm.{name}")).unwrap_or(0);
    let page = number(PAGESIZE)?;
    let managed = number("vm.stats.vm.v_page_count")?;
    let ballooned = number("dev.xen.balloon.low_mem").unwrap_or(0);
    let total = kib(managed.saturating_sub(ballooned), page).filter(|&kib| kib > 0)?;
    let arc = |name: &str| number(&format!("kstat.zfs.misc.arcstats.{name}")).unwrap_or(0);
    let unused = ["v_free_count", "v_inactive_count", "v_laundry_count"];
    let unused = unused.into_iter().map(pages).fold(0, u64::saturating_add);
    let cached = arc("size").saturating_sub(arc("c_min")) / 1024;
    Some((total, kib(unused, page)?.saturating_add(cached).min(total)))
}

/// NetBSD: the same from `VM_UVMEXP2`. Its total does not follow the balloon, which leaves `left` KiB.
#[must_use]
pub fn of_netbsd(uvmexp: &[u8], left: Option<u64>) -> Option<(u64, u64)> {
    use netbsd::*;
    let number = |at: usize| -> Option<u64> {
        let bytes = uvmexp.get(at..at + 8)?.try_into().ok()?;
        u64::try_from(i64::from_ne_bytes(bytes)).ok()
    };
    let page = number(UVMEXP_PAGESIZE)?;
    let total = kib(number(UVMEXP_NPAGES)?, page)?.min(left.unwrap_or(u64::MAX));
    if total == 0 {
        return None;
    }
    let unused = [UVMEXP_FREE, UVMEXP_FILEPAGES, UVMEXP_EXECPAGES];
    let unused = unused.into_iter().filter_map(number).fold(0, u64::saturating_add);
    Some((total, kib(unused, page)?.min(total)))
}

fn kib(pages: u64, page: u64) -> Option<u64> {
    pages.checked_mul(page).map(|bytes| bytes / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREEBSD: [(&str, u64); 5] = [
        ("hw.pagesize", 4096),
        ("vm.stats.vm.v_page_count", 250_000),
        ("vm.stats.vm.v_free_count", 100_000),
        ("vm.stats.vm.v_inactive_count", 20_000),
        ("vm.stats.vm.v_laundry_count", 5_000),
    ];

    fn freebsd(more: &[(&str, u64)]) -> Option<(u64, u64)> {
        // The last one is used.
        let all: Vec<_> = FREEBSD.iter().chain(more).copied().collect();
        of_freebsd(|name| all.iter().rev().find(|(known, _)| *known == name).map(|(_, n)| *n))
    }

    fn netbsd(numbers: &[(usize, i64)]) -> Vec<u8> {
        let mut bytes = vec![0; netbsd::UVMEXP];
        for (at, number) in numbers {
            bytes[*at..*at + 8].copy_from_slice(&number.to_ne_bytes());
        }
        bytes
    }

    #[test]
    fn freebsd_laundry_and_inactive_pages_are_available() {
        assert_eq!(freebsd(&[]), Some((1_000_000, 500_000)));
    }

    #[test]
    fn freebsd_total_follows_the_balloon() {
        assert_eq!(freebsd(&[("dev.xen.balloon.low_mem", 50_000)]), Some((800_000, 500_000)));
        assert_eq!(freebsd(&[("dev.xen.balloon.low_mem", 200_000)]), Some((200_000, 200_000)));
    }

    #[test]
    fn freebsd_arc_above_its_minimum_is_available() {
        let arc = |size: u64, c_min: u64| {
            freebsd(&[
                ("kstat.zfs.misc.arcstats.size", size << 20),
                ("kstat.zfs.misc.arcstats.c_min", c_min << 20),
            ])
        };
        assert_eq!(arc(300, 100), Some((1_000_000, 500_000 + 200 * 1024)));
        assert_eq!(arc(50, 100), Some((1_000_000, 500_000)));
    }

    #[test]
    fn netbsd_file_and_program_caches_are_available() {
        let uvmexp =
            netbsd(&[(0, 4096), (24, 250_000), (32, 100_000), (576, 20_000), (584, 5_000)]);
        assert_eq!(of_netbsd(&uvmexp, None), Some((1_000_000, 500_000)));
        // Each counter is read at its own time, so that the sum may exceed the total.
        let more = netbsd(&[(0, 4096), (24, 250_000), (32, 200_000), (576, 60_000)]);
        assert_eq!(of_netbsd(&more, None), Some((1_000_000, 1_000_000)));
        let negative = netbsd(&[(0, 4096), (24, 250_000), (32, -1), (576, 20_000)]);
        assert_eq!(of_netbsd(&negative, None), Some((1_000_000, 80_000)));
        // A newer system has more of them.
        assert_eq!(of_netbsd(&[uvmexp, vec![1; 64]].concat(), None), Some((1_000_000, 500_000)));
    }

    #[test]
    fn netbsd_total_follows_the_balloon() {
        let uvmexp = netbsd(&[(0, 4096), (24, 250_000), (32, 150_000)]);
        assert_eq!(of_netbsd(&uvmexp, Some(800_000)), Some((800_000, 600_000)));
        assert_eq!(of_netbsd(&uvmexp, Some(400_000)), Some((400_000, 400_000)));
        // The balloon counts pages that the kernel uses for itself.
        assert_eq!(of_netbsd(&uvmexp, Some(1_048_576)), Some((1_000_000, 600_000)));
    }

    #[test]
    fn counters_without_total_are_no_memory() {
        assert_eq!(freebsd(&[("vm.stats.vm.v_page_count", 0)]), None);
        assert_eq!(freebsd(&[("hw.pagesize", u64::MAX)]), None);
        assert_eq!(of_freebsd(|_| None), None);
        assert_eq!(of_netbsd(&netbsd(&[(0, 4096)]), None), None);
        assert_eq!(of_netbsd(&netbsd(&[(0, 4096), (24, -1)]), None), None);
        assert_eq!(of_netbsd(&[0; 30], None), None);
    }
}
