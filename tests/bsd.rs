//! Detection of FreeBSD and NetBSD guests by their files and uname(2), in addition to the golden guests. No BSD
//! runs here: addresses and counters are tested beside the code that decodes them.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use collectors::os::{Kernel, describe};
use collectors::sys::guest::{self, NotAGuest};

/// A root directory with these files; removed when dropped.
struct Root(PathBuf);

impl Root {
    fn with(files: &[(&str, &str)]) -> Root {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("xga-bsd-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let root = std::env::temp_dir().join(name);
        for (file, text) in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
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
        let files: Vec<_> = files.iter().map(|file| (*file, "")).collect();
        check(&Root::with(&files).0).map_or_else(|why| why.to_string(), |()| "a guest".into())
    })
}

#[test]
fn freebsd_is_a_guest_if_it_has_xenstore_and_no_xenstored() {
    assert_eq!(
        verdicts(guest::freebsd, "dev/xen/xenstore", "dev/xen/xenstored"),
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
        verdicts(guest::netbsd, "kern/xen/xenbus", "kern/xen/xsd_port"),
        [
            "not a Xen guest (/kern/xen/xenbus: not there; is kernfs mounted?)",
            "a guest",
            "not a Xen guest (this is dom0: /kern/xen/xsd_port is there)",
            "not a Xen guest (/kern/xen/xenbus: not there; is kernfs mounted?)",
        ]
    );
}

/// Name, id and version of the system with these files, whose kernel has this name and release.
fn os(files: &[(&str, &str)], (name, release): (&str, &str)) -> String {
    let kernel = Kernel { name: name.into(), release: release.into(), node_name: "guest".into() };
    let os = describe(&Root::with(files).0, kernel);
    format!("{}, {}, {}", os.pretty_name, os.distro, os.version.unwrap_or_default())
}

// freebsd-update may replace the system and leave the kernel.
#[test]
fn freebsd_13_is_named_by_the_os_release_that_its_start_wrote() {
    let os_release =
        "NAME=FreeBSD\nVERSION_ID=\"13.2\"\nID=freebsd\nPRETTY_NAME=\"FreeBSD 13.2-RELEASE-p9\"\n";
    assert_eq!(
        os(&[("var/run/os-release", os_release)], ("FreeBSD", "13.2-RELEASE-p4")),
        "FreeBSD 13.2-RELEASE-p9, freebsd, 13.2"
    );
}

#[test]
fn bsd_without_files_is_named_by_its_kernel_and_its_version_is_the_number() {
    for (kernel, expected) in [
        (("FreeBSD", "13.2-RELEASE-p4"), "FreeBSD 13.2-RELEASE-p4, freebsd, 13.2"),
        (("NetBSD", "10.1_STABLE"), "NetBSD 10.1_STABLE, netbsd, 10.1"),
    ] {
        assert_eq!(os(&[], kernel), expected);
    }
}

#[test]
fn platform_of_another_name_is_not_pfsense() {
    let files = [("etc/platform", "x64-full\n"), ("etc/version", "13.2.0.5\n")];
    assert_eq!(os(&files, ("FreeBSD", "13.2-RELEASE")), "FreeBSD 13.2-RELEASE, freebsd, 13.2");
}
