//! Parses `/proc/self/mountinfo`. No I/O.
//!
//! The format is that of proc(5), "/proc/pid/mountinfo". A path may contain any byte; the kernel writes
//! space, tab, newline, backslash and `#` as `\` and three octal digits.

use std::fmt;

/// A device number, displayed as `MAJOR:MINOR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DevNum {
    /// The driver; 0 for file systems without a block device of their own.
    pub major: u32,
    /// The device of that driver.
    pub minor: u32,
}

impl DevNum {
    /// Reads `MAJOR:MINOR`.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (major, minor) = std::str::from_utf8(text).ok()?.split_once(':')?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }
}

impl fmt::Display for DevNum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.major, self.minor)
    }
}

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Its id.
    pub id: u32,
    /// The id of the mount that it is mounted on.
    pub parent: u32,
    /// The device number of its file system (`st_dev`).
    pub device: DevNum,
    /// The directory of the file system that is mounted.
    pub root: Vec<u8>,
    /// The mount point.
    pub point: Vec<u8>,
    /// The kind of file system: `ext4`, `fuse.sshfs`.
    pub kind: Vec<u8>,
    /// The mount source, as the file system reports it.
    pub source: Vec<u8>,
    /// The file system is read-only, not only this mount of it.
    pub read_only: bool,
    /// btrfs: the subvolume that is mounted, as a path from the top of the file system.
    pub subvolume: Option<Vec<u8>>,
}

/// The mounts in the table. Lines with another format are skipped.
#[must_use]
pub fn parse(table: &[u8]) -> Vec<Mount> {
    table.split(|&byte| byte == b'\n').filter_map(mount).collect()
}

fn mount(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|&byte| byte == b' ');
    let number = |field: &[u8]| std::str::from_utf8(field).ok()?.parse().ok();
    let (id, parent) = (number(fields.next()?)?, number(fields.next()?)?);
    let device = DevNum::parse(fields.next()?)?;
    let (root, point) = (unescape(fields.next()?), unescape(fields.next()?));
    // The mount's own options, and optional fields up to a hyphen.
    fields.nth(1).filter(|&field| field == b"-" || fields.any(|field| field == b"-"))?;
    let (kind, source) = (unescape(fields.next()?), unescape(fields.next()?));
    let options = fields.next().unwrap_or_default();
    let read_only = options.split(|&byte| byte == b',').next() == Some(b"ro");
    let subvolume = subvolume(options).filter(|_| kind == b"btrfs");
    Some(Mount { id, parent, device, root, point, kind, source, read_only, subvolume })
}

/// The value of `subvol=`. btrfs writes this option last (`btrfs_show_options` in `fs/btrfs/super.c`), so
/// commas after it belong to the name.
fn subvolume(options: &[u8]) -> Option<Vec<u8>> {
    const NAME: &[u8] = b",subvol=";
    let at = options.windows(NAME.len()).position(|part| part == NAME)?;
    options.get(at + NAME.len()..).map(unescape)
}

/// Replaces escapes such as `\040` by their byte.
#[must_use]
pub fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, after @ ..] = rest {
        rest = after;
        match after {
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..] if *first == b'\\' => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &[u8] =
        b"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=continue";

    fn parsed(line: &[u8]) -> Mount {
        let mounts = parse(line);
        assert_eq!(mounts.len(), 1, "{}", String::from_utf8_lossy(line));
        mounts.into_iter().next().unwrap()
    }

    // The example of proc(5).
    #[test]
    fn line_is_split_into_its_fields() {
        let mount = parsed(LINE);
        assert_eq!((mount.id, mount.parent, mount.device.to_string().as_str()), (36, 35, "98:0"));
        assert_eq!((mount.root.as_slice(), mount.point.as_slice()), (&b"/mnt1"[..], &b"/mnt2"[..]));
        assert_eq!(
            (mount.kind.as_slice(), mount.source.as_slice()),
            (&b"ext3"[..], &b"/dev/root"[..])
        );
        assert_eq!((mount.read_only, mount.subvolume), (false, None));
    }

    // The kernel writes `ro` or `rw` first (`show_mountinfo` in `fs/proc_namespace.c`).
    #[test]
    fn subvolume_may_contain_blanks_and_commas() {
        let mount = parsed(
            b"1 0 0:40 /@a\\040b,ro /x rw - btrfs /dev/xvda2 rw,subvolid=257,subvol=/@a\\040b,ro",
        );
        assert_eq!(mount.subvolume.as_deref(), Some(mount.root.as_slice()));
        assert_eq!(mount.root, b"/@a b,ro");
        assert!(!mount.read_only);
        assert!(parsed(b"1 0 0:40 / /x rw - btrfs /dev/xvda2 ro,subvolid=5,subvol=/").read_only);
    }

    #[test]
    fn optional_fields_may_be_missing_and_source_empty_or_hyphen() {
        assert_eq!(parsed(b"1 0 8:1 / / rw - ext4 /dev/sda1 rw").source, b"/dev/sda1");
        assert_eq!(parsed(b"1 0 0:5 / / rw - tmpfs  rw").source, b"");
        assert_eq!(parsed(b"1 0 0:5 / / rw - tmpfs - rw").source, b"-");
    }

    #[test]
    fn octal_escapes_in_paths_become_bytes() {
        assert_eq!(
            parsed(b"1 0 8:1 / /a\\040b\\011\\012\\134\xff - - ext4 d o").point,
            b"/a b\t\n\\\xff"
        );
        for whole in [&b"\\04"[..], b"\\", b"\\08", b"\\400", b"a\\x20", b""] {
            assert_eq!(unescape(whole), whole);
        }
        assert_eq!(unescape(b"\\\\040\\377"), b"\\ \xff");
    }

    #[test]
    fn cut_or_changed_lines_do_not_panic() {
        for end in 0..LINE.len() {
            let _ = parse(&LINE[..end]);
            let mut changed = LINE.to_vec();
            for byte in [0, b' ', b'\n', b'\\', b'-', b'9', 0xff] {
                changed[end] = byte;
                let _ = parse(&changed);
            }
        }
        assert_eq!(parse(b"\n \nx y z\n4294967296 1 8:1 / / rw - ext4 d rw\n"), []);
    }
}
