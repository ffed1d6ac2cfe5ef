//! The release files that distributions had before os-release, and often still have.

use std::path::Path;

use super::find::{Distribution, numbers};
use super::os_release::OsRelease;
use crate::bounded_read::{first_line, text};

/// Files of one line such as `CentOS Linux release 7.9.2009 (Core)`, the most specific first.
const RELEASE_LINES: [&str; 10] = [
    "etc/asianux-release",
    "etc/neokylin-release",
    "etc/turbo-release",
    "etc/oracle-release",
    "etc/enterprise-release",
    "etc/centos-release",
    "etc/rocky-release",
    "etc/almalinux-release",
    "etc/redhat-release",
    "etc/system-release",
];

/// The id of the distribution whose line begins like this; the first match is used.
const LINE_IDS: [(&str, &str); 11] = [
    ("Red Hat Enterprise Linux", "rhel"),
    ("Red Hat", "rhel"),
    ("Enterprise Linux Enterprise", "oracle"),
    ("Oracle", "oracle"),
    ("CentOS", "centos"),
    ("Rocky", "rocky"),
    ("AlmaLinux", "almalinux"),
    ("Scientific", "scientific"),
    ("CloudLinux", "cloudlinux"),
    ("Fedora", "fedora"),
    ("Amazon", "amzn"),
];

/// Distributions that are identified by a file's existence. Its text is the version or a line with it.
const SIMPLE: [(&str, &str, &str); 5] = [
    ("etc/alpine-release", "alpine", "Alpine Linux"),
    ("etc/gentoo-release", "gentoo", "Gentoo"),
    ("etc/slackware-version", "slackware", "Slackware"),
    ("etc/arch-release", "arch", "Arch Linux"),
    ("etc/debian_version", "debian", "Debian GNU/Linux"),
];

/// The distribution below `root`, from its older release files only. A line of an unknown family is the name
/// if no other file names the distribution.
pub fn find(root: &Path) -> Option<Distribution> {
    let lines = || RELEASE_LINES.iter().filter_map(|place| first_line(&root.join(place)));
    lines()
        .find_map(|line| from_line(&line))
        .or_else(|| from_suse(&text(&root.join("etc/SuSE-release")).ok()?))
        .or_else(|| from_lsb(&text(&root.join("etc/lsb-release")).ok()?))
        .or_else(|| SIMPLE.iter().find_map(|simple| from_simple(root, simple)))
        .or_else(|| {
            lines().next().map(|line| distribution(&line, &line, "linux", version_in(&line)))
        })
}

/// The version with its minor part from the distribution's own file, if `found` has none.
pub fn exact_version(root: &Path, found: &Distribution) -> Option<String> {
    let known = numbers(found.version.as_deref()?);
    let [major] = known.as_slice() else { return None };
    let candidates: &[&str] = match found.id.as_str() {
        "debian" | "raspbian" => &["etc/debian_version"],
        _ => &RELEASE_LINES,
    };
    candidates.iter().find_map(|place| {
        let version = version_in(&first_line(&root.join(place))?)?;
        let is_exact = matches!(numbers(&version).as_slice(), [first, _, ..] if first == major);
        is_exact.then_some(version)
    })
}

fn from_line(line: &str) -> Option<Distribution> {
    let (_, id) = LINE_IDS.iter().find(|(start, _)| line.starts_with(start))?;
    let name = line.split(" release ").next().unwrap_or(line);
    Some(distribution(line, name, id, version_in(line)))
}

/// SLES 11 and older: a line with the name, then `VERSION = 11` and `PATCHLEVEL = 2`.
fn from_suse(text: &str) -> Option<Distribution> {
    let line = text.lines().next().map(str::trim).filter(|line| !line.is_empty())?;
    let field = |name: &str| {
        text.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == name).then(|| value.trim().to_owned())
        })
    };
    let id = if line.to_lowercase().starts_with("opensuse") { "opensuse" } else { "sles" };
    let version = match (field("VERSION"), field("PATCHLEVEL")) {
        (Some(major), Some(minor)) if !major.contains('.') => Some(format!("{major}.{minor}")),
        (version, _) => version,
    };
    Some(distribution(line, line.split(" (").next().unwrap_or(line), id, version))
}

fn from_lsb(text: &str) -> Option<Distribution> {
    let lsb = OsRelease::parse(text);
    let name = lsb.get("DISTRIB_ID")?;
    let pretty_name = lsb.get("DISTRIB_DESCRIPTION").unwrap_or_else(|| name.clone());
    let id = name.to_lowercase().replace(' ', "-");
    Some(distribution(&pretty_name, &name, &id, lsb.get("DISTRIB_RELEASE")))
}

fn from_simple(root: &Path, &(place, id, name): &(&str, &str, &str)) -> Option<Distribution> {
    let text = text(&root.join(place)).ok()?;
    let line = text.lines().next().unwrap_or_default().trim();
    let pretty_name = match line {
        "" => name.to_owned(),
        line if line.starts_with(name) => line.to_owned(),
        line => format!("{name} {line}"),
    };
    Some(distribution(&pretty_name, name, id, version_in(line)))
}

fn distribution(pretty: &str, name: &str, id: &str, version: Option<String>) -> Distribution {
    Distribution { pretty_name: pretty.into(), name: name.into(), id: id.into(), version }
}

/// The first word of `line` that begins with a number: `7.9.2009`, `V5.0`.
fn version_in(line: &str) -> Option<String> {
    line.split_whitespace().find(|word| !numbers(word).is_empty()).map(str::to_owned)
}

/// All files that are read here.
#[cfg(test)]
pub fn files() -> impl Iterator<Item = &'static str> {
    let simple = SIMPLE.iter().map(|(place, ..)| *place);
    RELEASE_LINES.into_iter().chain(simple).chain(["etc/SuSE-release", "etc/lsb-release"])
}
