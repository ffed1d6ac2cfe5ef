//! Parses `/proc/swaps`: the devices that are used as swap. No I/O.
//!
//! The format is that of proc(5): a heading, then path, type, size and used in KiB, and priority.
//! Swap files are skipped: they are on a volume, which is published.

use super::mountinfo::unescape;

/// A device that is used as swap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// Its path below `/dev`.
    pub path: Vec<u8>,
    /// Its size in bytes.
    pub size: u64,
    /// The unused bytes.
    pub free: u64,
}

/// The devices in the table.
#[must_use]
pub fn parse(table: &[u8]) -> Vec<Swap> {
    table.split(|&byte| byte == b'\n').filter_map(swap).collect()
}

fn swap(line: &[u8]) -> Option<Swap> {
    let mut fields = line.split(|&byte| matches!(byte, b' ' | b'\t')).filter(|f| !f.is_empty());
    let path = unescape(fields.next()?);
    fields.next().filter(|&kind| kind == b"partition")?;
    let bytes = |field: &[u8]| {
        std::str::from_utf8(field).ok()?.parse::<u64>().ok().map(|kib| kib.saturating_mul(1024))
    };
    let (size, used) = (bytes(fields.next()?)?, bytes(fields.next()?)?);
    Some(Swap { path, size, free: size.saturating_sub(used) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swap_devices_are_returned_and_swap_files_are_not() {
        let table = b"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n\
            /dev/xvda2                              partition\t1048572\t\t2048\t\t-2\n\
            /swap\\040file                           file\t\t2097148\t\t0\t\t-3\n\
            /dev/a\\040b                             partition\t4\t9\t-4\n";
        let device = |path: &[u8], size, free| Swap { path: path.into(), size, free };
        assert_eq!(
            parse(table),
            [device(b"/dev/xvda2", 1_073_737_728, 1_071_640_576), device(b"/dev/a b", 4096, 0)]
        );
    }

    #[test]
    fn malformed_lines_are_skipped() {
        for text in
            ["", "\n\n", "/dev/a partition", "/dev/a partition x y", "/dev/a partition -1 0 0"]
        {
            assert_eq!(parse(text.as_bytes()), [], "{text:?}");
        }
    }
}
