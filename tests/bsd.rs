//! Guests of FreeBSD and NetBSD, as far as their files say what they are. No BSD runs here: their
//! addresses and counters are tested beside the code that decodes them.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use collectors::xen_detect::{NotAGuest, freebsd, netbsd};

/// A root directory with these empty files; removed when dropped.
struct Root(PathBuf);

impl Root {
    fn with(files: &[&str]) -> Root {
        let name = format!("xga-bsd-{}-{}", std::process::id(), files.join("-").replace('/', "_"));
        let root = std::env::temp_dir().join(name);
        for file in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        Root(root)
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn verdicts(check: fn(&Path) -> Result<(), NotAGuest>, guest: &str, dom0: &str) -> [String; 4] {
    [&[][..], &[guest], &[guest, dom0], &[dom0]].map(|files| {
        check(&Root::with(files).0).map_or_else(|why| why.to_string(), |()| "a guest".into())
    })
}

#[test]
fn freebsd_is_a_guest_if_it_has_xenstore_and_no_xenstored() {
    assert_eq!(
        verdicts(freebsd::check, "dev/xen/xenstore", "dev/xen/xenstored"),
        [
            "not a Xen guest (/dev/xen/xenstore: not there)",
            "a guest",
            "not a Xen guest (this is dom0: /dev/xen/xenstored is there)",
            "not a Xen guest (/dev/xen/xenstore: not there)",
        ]
    );
}

#[test]
fn netbsd_is_a_guest_if_it_has_xenbus_and_no_port_of_xenstored() {
    assert_eq!(
        verdicts(netbsd::check, "kern/xen/xenbus", "kern/xen/xsd_port"),
        [
            "not a Xen guest (/kern/xen/xenbus: not there; is kernfs mounted?)",
            "a guest",
            "not a Xen guest (this is dom0: /kern/xen/xsd_port is there)",
            "not a Xen guest (/kern/xen/xenbus: not there; is kernfs mounted?)",
        ]
    );
}
