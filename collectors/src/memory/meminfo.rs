//! Parses `/proc/meminfo`: total and available memory. No I/O.
//!
//! The format is the kernel's `Documentation/filesystems/proc.rst`, "meminfo": `Name:  number kB`,
//! where kB is KiB.

/// Total and available memory in KiB; `None` when the text has no total.
pub fn parse(text: &str) -> Option<(u64, u64)> {
    let field = |name: &str| {
        text.lines().find_map(|line| {
            let value = line.strip_prefix(name)?.strip_prefix(':')?;
            value.split_ascii_whitespace().next()?.parse::<u64>().ok()
        })
    };
    let total = field("MemTotal").filter(|&kib| kib > 0)?;
    // Kernels before 3.14 have no MemAvailable: add free and reclaimable memory.
    let available = field("MemAvailable").unwrap_or_else(|| {
        ["MemFree", "Buffers", "Cached", "SReclaimable"]
            .iter()
            .filter_map(|name| field(name))
            .fold(0, u64::saturating_add)
            .saturating_sub(field("Shmem").unwrap_or(0))
    });
    Some((total, available.min(total)))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn mem_available_is_used() {
        let text = "MemTotal:  207744 kB\nMemFree:  1000 kB\nMemAvailable:  150400 kB\n";
        assert_eq!(parse(text), Some((207_744, 150_400)));
    }

    #[test]
    fn available_without_mem_available_counts_caches() {
        let text = "MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 20 kB\nCached: 30 kB\n\
                    SwapCached: 999 kB\nShmem: 10 kB\nSReclaimable: 5 kB\n";
        assert_eq!(parse(text), Some((1000, 145)));
    }

    #[test]
    fn meminfo_without_total_is_none() {
        for text in ["", "MemTotal: lots\n", "MemTotal: 0 kB\n", "MemTotal\n", "\0\0\0"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
