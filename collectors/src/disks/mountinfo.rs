//! `/proc/self/mountinfo`: its lines as mounts. No I/O.
//!
//! The format is that of proc(5), "/proc/pid/mountinfo". Any byte may stand in a path; the kernel
//! writes space, tab, newline and backslash as `\` and three octal digits.

use std::fmt;

/// A device number, as `MAJOR:MINOR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number {
    /// Says which driver; 0 for file systems without a block device of their own.
    pub major: u32,
    /// Which of its devices.
    pub minor: u32,
}

impl Number {
    /// Reads `MAJOR:MINOR`.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (major, minor) = std::str::from_utf8(text).ok()?.split_once(':')?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.major, self.minor)
    }
}

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Its id.
    pub id: u32,
    /// The mount that it is mounted on.
    pub parent: u32,
    /// The device of its file system.
    pub device: Number,
    /// Which directory of the file system it shows.
    pub root: Vec<u8>,
    /// Where it shows it.
    pub point: Vec<u8>,
    /// The kind of file system: `ext4`, `fuse.sshfs`.
    pub kind: Vec<u8>,
    /// What it was mounted from, as the file system says.
    pub source: Vec<u8>,
    /// The options of the file system, as against those of this mount of it.
    pub options: Vec<u8>,
}

/// The mounts in the table; a line that is none is left out.
#[must_use]
pub fn parse(table: &[u8]) -> Vec<Mount> {
    table.split(|&byte| byte == b'\n').filter_map(mount).collect()
}

fn mount(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|&byte| byte == b' ');
    let number = |field: &[u8]| std::str::from_utf8(field).ok()?.parse().ok();
    let (id, parent) = (number(fields.next()?)?, number(fields.next()?)?);
    let device = Number::parse(fields.next()?)?;
    let (root, point) = (unescape(fields.next()?), unescape(fields.next()?));
    // The mount's own options, and optional fields up to a hyphen.
    fields.nth(1).filter(|&field| field == b"-" || fields.any(|field| field == b"-"))?;
    let (kind, source) = (unescape(fields.next()?), unescape(fields.next()?));
    let options = fields.next().unwrap_or_default().to_vec();
    Some(Mount { id, parent, device, root, point, kind, source, options })
}

/// Reads `\040` and its like as the byte that they stand for.
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
    fn a_line_is_read_field_by_field() {
        let mount = parsed(LINE);
        assert_eq!((mount.id, mount.parent, mount.device.to_string().as_str()), (36, 35, "98:0"));
        assert_eq!((mount.root.as_slice(), mount.point.as_slice()), (&b"/mnt1"[..], &b"/mnt2"[..]));
        assert_eq!(
            (mount.kind.as_slice(), mount.source.as_slice()),
            (&b"ext3"[..], &b"/dev/root"[..])
        );
        assert_eq!(mount.options, b"rw,errors=continue");
    }

    #[test]
    fn optional_fields_may_be_none_and_a_source_empty_or_a_hyphen() {
        assert_eq!(parsed(b"1 0 8:1 / / rw - ext4 /dev/sda1 rw").source, b"/dev/sda1");
        assert_eq!(parsed(b"1 0 0:5 / / rw - tmpfs  rw").source, b"");
        assert_eq!(parsed(b"1 0 0:5 / / rw - tmpfs - rw").source, b"-");
    }

    #[test]
    fn any_byte_may_stand_in_a_path() {
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
    fn a_cut_or_changed_line_does_no_harm() {
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
