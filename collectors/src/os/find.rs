//! Finds the distribution: in os-release(5) if it exists, else in older release files.

use std::io::{self, ErrorKind};
use std::path::Path;

use super::Kernel;
use super::appliance;
use super::legacy_release;
use super::os_release::OsRelease;
use crate::bounded_read;

/// The paths of os-release; the first that exists is used.
pub const OS_RELEASE: [&str; 3] = ["etc/os-release", "usr/lib/os-release", "var/run/os-release"];

/// The distribution below `root`, which runs `kernel`. If no file names it: `Linux`, the default of os-release,
/// or the name of another kernel.
pub fn find(root: &Path, kernel: &Kernel) -> Distribution {
    if !matches!(kernel.name.as_str(), "Linux" | "") {
        let found = appliance::find(root).or_else(|| from_os_release(root));
        return found.unwrap_or_else(|| of_kernel(kernel));
    }
    let mut found = from_os_release(root)
        .or_else(|| legacy_release::find(root))
        .unwrap_or_else(|| described(&OsRelease::default()));
    if let Some(exact) = legacy_release::exact_version(root, &found) {
        found.version = Some(exact);
    }
    found
}

/// Checks that each existing os-release can be read; if not, [`find`] uses the other files.
///
/// # Errors
/// As open(2) and read(2) have them, with the path.
pub fn check(root: &Path) -> io::Result<()> {
    for place in OS_RELEASE {
        match bounded_read::text(&root.join(place)) {
            Err(error)
                if error.kind() != ErrorKind::NotFound && !bounded_read::is_exhaustion(&error) =>
            {
                return Err(io::Error::new(error.kind(), format!("/{place}: {error}")));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A system whose version is that of its kernel: `FreeBSD 14.1-RELEASE-p3` has the version 14.1.
fn of_kernel(Kernel { name, release, .. }: &Kernel) -> Distribution {
    let pretty_name = format!("{name} {release}");
    let version = Some(numbers(release).join("."));
    Distribution { pretty_name, name: name.clone(), id: name.to_lowercase(), version }
}

fn from_os_release(root: &Path) -> Option<Distribution> {
    OS_RELEASE.iter().find_map(|place| {
        let release = OsRelease::parse(&bounded_read::text(&root.join(place)).ok()?);
        let names_something =
            ["ID", "NAME", "PRETTY_NAME"].iter().any(|n| release.get(n).is_some());
        names_something.then(|| described(&release))
    })
}

fn described(release: &OsRelease) -> Distribution {
    let name = release.get("NAME").unwrap_or_else(|| "Linux".into());
    let pretty_name = release.get("PRETTY_NAME").unwrap_or_else(|| {
        match (release.get("NAME"), release.get("VERSION")) {
            (Some(name), Some(version)) => format!("{name} {version}"),
            _ => name.clone(),
        }
    });
    let id = release.get("ID").unwrap_or_else(|| "linux".into());
    Distribution { pretty_name, name, id: host_id(&id), version: release.get("VERSION_ID") }
}

/// The id that hosts use for the os-release id `id`.
pub fn host_id(id: &str) -> String {
    match id.to_lowercase().as_str() {
        "ol" => "oracle".into(),
        "sles_sap" => "sles".into(),
        id if id.starts_with("opensuse-") => "opensuse".into(),
        id => id.into(),
    }
}

/// A distribution, from its own files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// Name and version, to be shown to users.
    pub pretty_name: String,
    /// Name without version.
    pub name: String,
    /// The id that hosts use, in lower case.
    pub id: String,
    /// The version, as its files have it; of a BSD, its numbers.
    pub version: Option<String>,
}

/// The numbers that a version begins with: 2 and 12 of `2.12_x86-64`, 10 of `V10`, none of `sid`.
pub fn numbers(version: &str) -> Vec<&str> {
    let version = version.strip_prefix(['v', 'V']).unwrap_or(version);
    let is_suffix = |c: char| !c.is_ascii_digit() && c != '.';
    let numbers = version.split(is_suffix).next().unwrap_or_default();
    numbers.split('.').take_while(|number| !number.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn numbers_end_at_the_first_suffix() {
        for (version, expected) in [
            ("12", "12"),
            ("3.23.2", "3 23 2"),
            ("21.03-snapshot", "21 03"),
            ("2.12_x86-64", "2 12"),
            ("1.5-rolling-202401010021", "1 5"),
            ("5.0-8", "5 0"),
            ("14.1-RELEASE-p3", "14 1"),
            ("15.0+", "15 0"),
            ("V10", "10"),
            ("v1.7.6", "1 7 6"),
            ("V7Update6", "7"),
            ("V7Update6.5", "7"),
            ("1 .2", "1"),
            ("5.", "5"),
            ("5..1", "5"),
            (".5", ""),
            ("v", ""),
            ("", ""),
            ("sid", ""),
            ("forky/sid", ""),
            ("rolling-2024", ""),
            ("٣.1", ""),
        ] {
            assert_eq!(numbers(version).join(" "), expected, "{version}");
        }
    }
}
