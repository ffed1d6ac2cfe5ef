//! Golden guests: the exact keys of schema `std` for the files of a distribution.
//!
//! `tests/guests/README.md` describes the files of a guest and how to add one.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use collectors::{drivers, os};
use publishers::Schema;
use publishers::guest_state::GuestState;
use publishers::key_tree::Tree;

fn guests() -> Vec<PathBuf> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests");
    let entries = fs::read_dir(all).unwrap().map(|entry| entry.unwrap().path());
    let mut guests: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    guests.sort();
    guests
}

/// The guest's files with its kernel's answers.
fn state(guest: &Path) -> GuestState {
    let kernel = |name: &str| {
        let text = fs::read_to_string(guest.join("proc/sys/kernel").join(name));
        text.unwrap_or_else(|error| panic!("{}: {name}: {error}", guest.display()))
            .trim_end()
            .to_owned()
    };
    let name = fs::read_to_string(guest.join("proc/sys/kernel/ostype"));
    let name = name.map_or("Linux".into(), |name| name.trim_end().to_owned());
    let kernel = os::Kernel { name, release: kernel("osrelease"), node_name: kernel("hostname") };
    let drivers = Some(drivers::list_drivers(guest));
    GuestState { os: Some(os::describe(guest, kernel)), drivers, ..GuestState::default() }
}

fn rendered(guest: &Path) -> BTreeMap<String, String> {
    let tree = Schema::Std.render(&state(guest), &Tree::default());
    let keys = tree.iter().filter(|(path, _)| !path.starts_with("attr/"));
    keys.map(|(path, value)| (path.clone(), value.clone())).collect()
}

fn expected(guest: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(format!("{}.keys", guest.display())).unwrap();
    let key = |line: &str| {
        let (path, value) = line.split_once(" = ").unwrap_or_else(|| panic!("{line}"));
        (path.to_owned(), value.strip_prefix('"').unwrap().strip_suffix('"').unwrap().to_owned())
    };
    text.lines().map(key).collect()
}

#[test]
fn each_guest_renders_exactly_its_keys() {
    let guests = guests();
    assert!(guests.len() >= 25, "only {} guests were found", guests.len());
    let wrong = guests.iter().filter(|guest| {
        let (rendered, expected) = (rendered(guest), expected(guest));
        let paths =
            rendered.keys().chain(expected.keys().filter(|path| !rendered.contains_key(*path)));
        let differing = paths.filter(|path| rendered.get(*path) != expected.get(*path));
        let show = |path: &String| {
            let name = guest.file_name().unwrap().to_string_lossy();
            eprintln!("{name}: {path}: {:?}, not {:?}", rendered.get(path), expected.get(path));
        };
        differing.inspect(|path| show(path)).count() > 0
    });
    assert_eq!(wrong.count(), 0, "guests with wrong keys; see above");
}
