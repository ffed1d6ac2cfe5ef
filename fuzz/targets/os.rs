//! The release files and names of a guest. The input is os-release; then, for each other file, a NUL, its
//! path, a newline and its content.

#![no_main]

use std::collections::BTreeMap;

use collectors::os::{Kernel, describe};
use facts::Os;
use libfuzzer_sys::fuzz_target;
use publishers::guest_state::GuestState;
use xen_guest_agent_fuzz::{Guest, check_all};

fuzz_target!(|input: &[u8]| {
    let files = files(input);
    let guest = Guest::new();
    files.iter().for_each(|(path, text)| guest.file(path, text));
    let word = |path: &str| {
        let text = files.get(path.as_bytes()).copied().unwrap_or(b"x");
        String::from_utf8_lossy(text).trim_end().to_owned()
    };
    // Appliances are detected on FreeBSD.
    let name = if files.contains_key(&b"usr/local/opnsense/version/core"[..]) {
        "FreeBSD"
    } else {
        "Linux"
    };
    let kernel = Kernel {
        name: name.into(),
        release: word("proc/sys/kernel/osrelease"),
        node_name: word("proc/sys/kernel/hostname"),
    };
    let os = describe(guest.root(), kernel.clone());
    assert_eq!(os, describe(guest.root(), kernel.clone()));
    check(&os, &kernel);
    check_all(&GuestState { os: Some(os), ..GuestState::default() });
});

/// The files by path.
fn files(input: &[u8]) -> BTreeMap<&[u8], &[u8]> {
    let mut parts = input.split(|&b| b == 0);
    let first = parts.next().map(|text| (&b"etc/os-release"[..], text));
    let others = parts.filter_map(|part| {
        let (path, text) = part.split_at(part.iter().position(|&b| b == b'\n')?);
        Some((path, text.get(1..)?))
    });
    // A guest without os-release begins with a NUL.
    first.into_iter().filter(|(_, text)| !text.is_empty()).chain(others).collect()
}

fn check(os: &Os, kernel: &Kernel) {
    assert!(![&os.distro, &os.name, &os.pretty_name].iter().any(|name| name.is_empty()), "{os:?}");
    assert_eq!(os.distro, os.distro.to_lowercase());
    let version = os.version.as_deref().unwrap_or_default();
    for number in [&os.major, &os.minor].into_iter().flatten() {
        assert!(!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()), "{os:?}");
        assert!(version.contains(number), "{os:?}");
    }
    assert!(os.major.is_some() || os.minor.is_none(), "{os:?}");
    assert!(
        !os.host_name.contains('.') && kernel.node_name.starts_with(&os.host_name)
            || os.host_name.is_empty()
    );
    let domain = os.domain.as_deref().unwrap_or("x");
    assert!(!domain.is_empty() && !domain.ends_with('.') && domain != "localdomain", "{os:?}");
}
