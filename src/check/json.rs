//! Findings as programs read them: one JSON object, RFC 8259. Pure.

use std::fmt::Write as _;

use super::finding::Finding;
use crate::logging::is_unsafe;

/// The version of the layout: a name that is removed or means something else makes it another.
const SCHEMA: u32 = 1;

/// The findings as one object, a line each.
pub fn render(findings: &[Finding]) -> String {
    let checks: Vec<String> = findings.iter().map(check).collect();
    let checks = match checks.as_slice() {
        [] => String::new(),
        checks => format!("\n{}\n", checks.join(",\n")),
    };
    format!("{{\"schema\": {SCHEMA}, \"checks\": [{checks}]}}\n")
}

fn check(finding: &Finding) -> String {
    let Finding { id, result, says, fix } = finding;
    let fix = fix.as_deref().map_or_else(|| "null".into(), string);
    format!(
        "  {{\"id\": {}, \"result\": {}, \"says\": {}, \"fix\": {fix}}}",
        string(id),
        string(result.word()),
        string(says)
    )
}

fn string(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            // DEL and above need no escape, but a terminal takes some of them for commands.
            c if is_unsafe(c) => {
                // Writing to a String does not fail.
                let _ = write!(json, "\\u{:04x}", u32::from(c));
            }
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_has_schema_and_checks_with_null_where_there_is_nothing_to_type() {
        let findings = [
            Finding::ok("store", "/dev/xen/xenbus answers"),
            Finding::fail("nic/a\"\\", "b\n\u{85}\u{202e}ü").fix("c".to_owned()),
        ];
        let json = "{\"schema\": 1, \"checks\": [
  {\"id\": \"store\", \"result\": \"ok\", \"says\": \"/dev/xen/xenbus answers\", \"fix\": null},
  {\"id\": \"nic/a\\\"\\\\\", \"result\": \"fail\", \"says\": \"b\\u000a\\u0085\\u202eü\", \"fix\": \"c\"}
]}
";
        assert_eq!(render(&findings), json);
        assert_eq!(render(&[]), "{\"schema\": 1, \"checks\": []}\n");
    }
}
