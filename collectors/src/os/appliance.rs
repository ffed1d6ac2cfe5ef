//! Appliances based on FreeBSD: their own files have their name, but their os-release names FreeBSD.

use std::path::Path;

use super::find::{Distribution, numbers};
use crate::bounded_read::{first_line, text};

/// The appliance whose files are below `root`, if it is a known one.
pub fn find(root: &Path) -> Option<Distribution> {
    opnsense(root).or_else(|| pfsense(root)).or_else(|| truenas(root)).or_else(|| xigmanas(root))
}

/// OPNsense's `opnsense-version` reads the same file.
fn opnsense(root: &Path) -> Option<Distribution> {
    let core = text(&root.join("usr/local/opnsense/version/core")).ok()?;
    Some(appliance("OPNsense", "opnsense", json_text(&core, "product_version")?))
}

/// pfSense has its name in `/etc/platform`, and `2.7.2-RELEASE` in `/etc/version`.
fn pfsense(root: &Path) -> Option<Distribution> {
    let platform = first_line(&root.join("etc/platform"))?;
    if !platform.eq_ignore_ascii_case("pfSense") {
        return None;
    }
    let version = first_line(&root.join("etc/version"))?;
    Some(appliance("pfSense", "pfsense", version))
}

/// TrueNAS CORE: `TrueNAS-13.0-U6.1 (0a1b2c3d4e)` in `/etc/version`.
fn truenas(root: &Path) -> Option<Distribution> {
    let line = first_line(&root.join("etc/version"))?;
    let version = line.strip_prefix("TrueNAS-")?.split_whitespace().next()?;
    Some(appliance("TrueNAS", "truenas", version.to_owned()))
}

/// XigmaNAS and the older NAS4Free have one file for the name and one for the version.
fn xigmanas(root: &Path) -> Option<Distribution> {
    let name = first_line(&root.join("etc/prd.name"))?;
    let version = first_line(&root.join("etc/prd.version"))?;
    Some(appliance(&name, &name.to_lowercase(), version))
}

/// Its version is without the patch level or kind of release.
fn appliance(name: &str, id: &str, version: String) -> Distribution {
    let pretty_name = format!("{name} {version}");
    let version = Some(numbers(&version).join("."));
    Distribution { pretty_name, name: name.into(), id: id.into(), version }
}

/// The text value of a name in a JSON object. Supports only the JSON of this file: no nesting, and no escapes but
/// `\"`, `\\` and `\/`.
fn json_text(json: &str, name: &str) -> Option<String> {
    let (_, rest) = json.split_once(&format!("\"{name}\""))?;
    let mut chars = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?.chars();
    let mut value = String::new();
    loop {
        match chars.next()? {
            '"' => break,
            '\\' => value.push(chars.next()?),
            c if c.is_control() => {}
            c => value.push(c),
        }
    }
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::json_text;

    #[test]
    fn json_text_ends_at_its_own_quote() {
        let json = "{\n  \"product_id\": null,\n  \"product_version\" : \"24.\n7\\\"a\\\\b\\/\",\n \"x\":1}";
        assert_eq!(json_text(json, "product_version").as_deref(), Some("24.7\"a\\b/"));
        assert_eq!(json_text(json, "product_id"), None);
        assert_eq!(json_text(json, "product_name"), None);
        for cut in ["", "\"a\"", "\"a\":", "\"a\": \"", "\"a\": \"b", "\"a\": \"\\", "\"a\": \"\""]
        {
            assert_eq!(json_text(cut, "a"), None, "{cut}");
        }
    }
}
