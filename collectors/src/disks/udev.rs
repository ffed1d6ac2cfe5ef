//! What udev has read from a block device: the UUID and the label of its file system, or of its swap.
//!
//! They are properties in an entry of udev's database, `/run/udev/data/bMAJOR:MINOR`, and names of links in
//! `/dev/disk`. No device is opened. All paths are below a given root.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::SystemTime;

use super::block_device::Device;
use crate::bounded_read::{entries, link_target, text};

const DATABASE: &str = "run/udev/data";

/// The names that a file system has of its own.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FsNames {
    /// Its UUID.
    pub uuid: Option<String>,
    /// Its label, if that is UTF-8.
    pub label: Option<String>,
}

impl FsNames {
    /// The names of the file system on a device; none that udev does not know.
    pub fn of(root: &Path, device: &Device) -> Self {
        let Some(number) = device.number() else { return Self::default() };
        let entry = text(&root.join(DATABASE).join(format!("b{number}")));
        // An entry without a UUID may be of a udev that has not read the file system.
        Self::in_entry(&entry.unwrap_or_default()).unwrap_or_else(|| Self {
            uuid: link(root, "by-uuid", device)
                .map(|uuid| String::from_utf8_lossy(&uuid).into_owned()),
            label: link(root, "by-label", device).and_then(|label| unescape(&label)),
        })
    }

    /// The names in an entry of the database that has a UUID.
    fn in_entry(entry: &str) -> Option<Self> {
        let property = |name: &str| {
            let find = |line| str::strip_prefix(line, "E:")?.strip_prefix(name)?.strip_prefix('=');
            entry.lines().find_map(find).map(str::trim).filter(|value| !value.is_empty())
        };
        Some(Self {
            uuid: Some(property("ID_FS_UUID")?.to_owned()),
            label: property("ID_FS_LABEL_ENC").and_then(|label| unescape(label.as_bytes())),
        })
    }
}

/// When an entry of the database was last written: udev renames each new one into the directory.
pub fn last_change(root: &Path) -> Option<SystemTime> {
    root.join(DATABASE).metadata().and_then(|metadata| metadata.modified()).ok()
}

/// The name of the link to the device in this directory of `/dev/disk`.
fn link(root: &Path, directory: &str, device: &Device) -> Option<Vec<u8>> {
    let name = device.name();
    let mut links = entries(&root.join("dev/disk").join(directory));
    let link = links.find(|link| {
        link_target(&link.path())
            .is_some_and(|target| target.file_name() == Some(OsStr::new(&name)))
    })?;
    Some(link.file_name().as_bytes().to_owned())
}

/// A label as it is on the disk. udev writes most bytes that are neither letters nor digits as `\x` and two
/// hexadecimal digits (`blkid_encode_string` in libblkid). `None` if it is empty or not UTF-8.
fn unescape(label: &[u8]) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), label);
    while let [first, after @ ..] = rest {
        let escaped = after.strip_prefix(b"x").and_then(|hex| hex.split_first_chunk::<2>());
        let byte = escaped.filter(|_| *first == b'\\').and_then(|(hex, after)| {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let [high, low] = *hex;
            Some(((digit(high)? * 16 + digit(low)?) as u8, after))
        });
        let (byte, after) = byte.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).ok().filter(|label| !label.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(uuid: &str, label: Option<&str>) -> Option<FsNames> {
        Some(FsNames { uuid: Some(uuid.into()), label: label.map(str::to_owned) })
    }

    #[test]
    fn uuid_and_label_are_read_from_udev_database() {
        let entry = "S:disk/by-uuid/2c1f\nI:123\nE:ID_PART_ENTRY_UUID=77\nE:ID_FS_LABEL=my_data\n\
                     E:ID_FS_LABEL_ENC=my\\x20data\nE:ID_FS_UUID=2c1f\nE:ID_FS_UUID_ENC=2c1f\n";
        assert_eq!(FsNames::in_entry(entry), names("2c1f", Some("my data")));
        assert_eq!(FsNames::in_entry("E:ID_FS_UUID=2c1f\n"), names("2c1f", None));
        let empty = "E:ID_FS_UUID=2c1f\nE:ID_FS_LABEL_ENC=\n";
        assert_eq!(FsNames::in_entry(empty), names("2c1f", None));
        for none in ["", "E:ID_FS_UUID=", "E:ID_FS_UUID=\n", "ID_FS_UUID=x"] {
            assert_eq!(FsNames::in_entry(none), None, "{none:?}");
        }
    }

    #[test]
    fn escaped_bytes_are_decoded_and_others_stay() {
        for (escaped, label) in [
            ("data", "data"),
            ("my\\x20data\\x2f1", "my data/1"),
            ("\\x5cx20", "\\x20"),
            ("gr\\xc3\\xbcn", "grün"),
            ("grün", "grün"),
            ("\\x1b[1m", "\u{1b}[1m"),
            ("a\\", "a\\"),
            ("a\\x", "a\\x"),
            ("a\\x2", "a\\x2"),
            ("a\\xzz\\x+1", "a\\xzz\\x+1"),
        ] {
            assert_eq!(unescape(escaped.as_bytes()).as_deref(), Some(label), "{escaped}");
        }
    }

    #[test]
    fn label_that_is_blank_or_no_utf_8_is_none() {
        for label in ["", "\\x20\\x20", "\\xff", "a\\xc3"] {
            assert_eq!(unescape(label.as_bytes()), None, "{label}");
        }
        assert_eq!(unescape(b"\xff"), None);
    }
}
