//! Bad input from the kernel, files and the host causes no crash and no wrong key.

use super::harness::{FIRST_TREE, Guest, OS_RELEASE};

// The kernel allows any byte in an interface's name but /, : and white space.
#[test]
fn interface_names_of_any_bytes_are_published() {
    let names: [&[u8]; 7] = [
        b"\xff\xfe",
        b"\x1b[31m",
        b"\x01\x02",
        b"a=b,c+d",
        b"...",
        b"\xc3\xa9t\xc3\xa90",
        b"$(x)`y`|&;",
    ];
    let guest = Guest::new();
    (1..).zip(names).for_each(|(id, name)| guest.vif(name, id));
    let end = guest.run(&["-s", "--once"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    let name = |id: u32| guest.tree().get(&format!("attr/vif/{id}/name")).cloned();
    assert_eq!(name(1).unwrap(), "\u{fffd}\u{fffd}");
    assert_eq!(name(2).unwrap(), "[31m");
    assert_eq!(name(3), None);
    assert_eq!(name(4).unwrap(), "a=b,c+d");
    assert_eq!(name(5).unwrap(), "...");
    assert_eq!(name(6).unwrap(), "été0");
    assert_eq!(name(7).unwrap(), "$(x)`y`|&;");
}

#[test]
fn control_characters_are_not_printed() {
    let guest = Guest::new();
    guest.vif(b"\x1b[31m", 1);
    guest.file("/etc/os-release", "PRETTY_NAME=\"x\x1b]0;owned\x07y\"\nID=\x1bdebian\n");
    let end = guest.run(&["-s", "-ltrace", "--publisher", "stdout", "--once"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    let plain = |text: &str| text.chars().all(|c| c == '\n' || !c.is_control());
    assert!(plain(&end.stdout), "{end:?}");
    assert!(plain(&end.stderr), "{end:?}");
}

// One log line at most for each.
#[test]
fn invalid_nodenames_publish_nothing() {
    let names = [
        "device/vif/",
        "device/vif/99999999999",
        "device/vif/-1",
        "device/vif/1x",
        "device/vbd/1",
        "",
        "/",
    ];
    let guest = Guest::new();
    for (n, nodename) in (1..).zip(names) {
        guest.parent(format!("bad{n}"), "vif", nodename);
        guest.link(format!("bad{n}"), n);
    }
    let end = guest.run(&["-s", "--once"]);
    assert_eq!(end.code, Some(0), "{end:?}");
    guest.wait_tree(FIRST_TREE);
    for n in 1..=names.len() {
        assert!(end.stderr.matches(&format!("bad{n}")).count() <= 1, "{end:?}");
    }
}

#[test]
fn value_over_2000_bytes_is_cut_at_a_character() {
    let guest = Guest::new();
    guest.file(
        "/etc/os-release",
        &format!("ID=debian\nVERSION_ID=12\nPRETTY_NAME=\"x{}\"\n", "é".repeat(3000)),
    );
    assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
    guest.wait_value("data/os_name", &format!("x{}", "é".repeat(999)));
}

// Without a newline, with NULs, invalid UTF-8 or unbalanced quotes, of 10 MB, or a directory.
#[test]
fn once_exits_0_on_broken_os_releases() {
    let guest = Guest::new();
    for text in [
        "ID=debian",
        "ID=\0\0debian\0",
        "ID='debian\nNAME=\"x",
        "=\n=x\n\"\n'",
        &"#\n".repeat(5_000_000),
    ] {
        guest.file("/etc/os-release", text);
        assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
        assert!(guest.tree().contains_key("data/os_distro"));
    }
    guest.sh(r"printf 'ID=debian\nPRETTY_NAME=\377\376\n' >/etc/os-release");
    assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
    guest.wait_value("data/os_name", "\u{fffd}\u{fffd}");
    guest.sh("rm /etc/os-release && mkdir /etc/os-release");
    assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
}

// A value where the schema has a directory, and a deep tree.
#[test]
fn foreign_nodes_below_attr_vif_are_removed() {
    let guest = Guest::new();
    guest.write_as_guest("attr/vif", "a value");
    guest.write_as_guest("attr/vif/0/ipv4/zero", "not a number");
    guest.write_as_guest("attr/vif/0/ipv4/4294967296", "too big");
    guest.write_as_guest("attr/vif/0/ipv4/00", "twice zero");
    guest.write_as_guest(&format!("attr/vif/0{}", "/deep".repeat(100)), "1");
    assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
    assert_eq!(guest.values("attr/vif/0/ipv4"), ["192.0.2.10"]);
    assert!(!guest.tree().contains_key("attr/vif"), "a directory has no value");
    guest.assert_restart_is_quiet(&[]);
}

// A FIFO without a writer blocks open(2); /dev/kmsg (1:11) blocks read(2) at its end.
#[test]
fn fifo_or_device_instead_of_a_file_is_skipped() {
    let guest = Guest::new();
    let os_release = "/etc/os-release";
    for special in ["p", "c 1 11"] {
        for path in ["/etc/hosts", os_release, "/etc/debian_version", "/run/udev/data/b7:0"] {
            guest.sh(&format!("mkdir -p /run/udev/data; rm -f {path}; mknod {path} {special}"));
        }
        assert_eq!(guest.run(&["-s", "--once"]).code, Some(0), "mknod {special}");
        guest.wait(|tree| tree.contains_key("data/os_distro"));
    }
    guest.sh("rm /etc/os-release");
    guest.file(os_release, OS_RELEASE);
    assert_eq!(guest.run(&["-s", "--once"]).code, Some(0));
    guest.wait_value("data/os_distro", "debian");
}

// Landlock's rules are for the files that these links name. The process may not open a FIFO for them: that blocks.
#[test]
fn fifo_behind_os_release_or_hosts_blocks_no_command() {
    for path in ["/etc/os-release", "/etc/hosts"] {
        let guest = Guest::new();
        guest.sh(&format!("mkfifo /run/fifo; ln -sf /run/fifo {path}"));
        assert_eq!(guest.run(&["-s", "--once"]).code, Some(0), "{path}");
        let check = guest.run(&["--check"]);
        assert!(check.stdout.contains("store: "), "{path}: {check:?}");
        assert_eq!(guest.run(&["--withdraw"]).code, Some(0), "{path}");
    }
}
