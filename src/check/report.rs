//! Findings as people read them, a line each, aligned, then their numbers; and as programs do, one JSON object (RFC
//! 8259). Pure.

use std::fmt::Write as _;

use super::finding::{CheckResult, Finding, count};
use crate::logging::{MAX_LINE, is_unsafe, one_line};

/// A line with more columns does not move to the right what is to be typed for the others.
const WIDEST: usize = 100;

/// The findings as text. `has_colours` is for terminals.
pub fn text(findings: &[Finding], has_colours: bool, has_numbers: bool) -> String {
    let lines: Vec<(String, Option<String>)> =
        findings.iter().map(|finding| (said(finding), finding.fix.as_ref().map(shown))).collect();
    let with_fix = lines.iter().filter(|(_, fix)| fix.is_some());
    let widths = with_fix.map(|(said, _)| said.chars().count());
    let width = widths.filter(|width| *width <= WIDEST).max().unwrap_or(0);
    let mut out = String::new();
    for (finding, (said, fix)) in findings.iter().zip(lines) {
        out += &coloured(finding.result, has_colours);
        match fix {
            Some(fix) => out += &format!("{said:width$}  {fix}\n"),
            None => out += &format!("{said}\n"),
        }
    }
    if has_numbers {
        let number = |result| findings.iter().filter(|finding| finding.result == result).count();
        let ok = number(CheckResult::Ok);
        let warnings = count(number(CheckResult::Warn), "warning");
        let failures = count(number(CheckResult::Fail), "failure");
        out += &format!("{ok} ok, {warnings}, {failures}\n");
    }
    out
}

fn said(finding: &Finding) -> String {
    shown(&format!("{}: {}", finding.id, finding.message))
}

/// What others chose must not look like another line, or control the terminal.
fn shown(text: &String) -> String {
    one_line(text, MAX_LINE)
}

/// The word at the start of a line, with the blanks behind it.
fn coloured(result: CheckResult, has_colours: bool) -> String {
    let (word, colour) = match result {
        CheckResult::Ok => ("ok", 32),
        CheckResult::Warn => ("warn", 33),
        CheckResult::Fail => ("FAIL", 31),
        CheckResult::Skip => ("skip", 2),
    };
    let blanks = " ".repeat(6 - word.len());
    match has_colours {
        true => format!("\x1b[{colour}m{word}\x1b[0m{blanks}"),
        false => format!("{word}{blanks}"),
    }
}

/// The version of the layout: a name that is removed or means something else makes it another.
const SCHEMA: u32 = 1;

/// The findings as one object, a line each.
pub fn json(findings: &[Finding]) -> String {
    let checks: Vec<String> = findings.iter().map(check).collect();
    let checks = match checks.as_slice() {
        [] => String::new(),
        checks => format!("\n{}\n", checks.join(",\n")),
    };
    format!("{{\"schema\": {SCHEMA}, \"checks\": [{checks}]}}\n")
}

fn check(finding: &Finding) -> String {
    let Finding { id, result, message, fix } = finding;
    let fix = fix.as_deref().map_or_else(|| "null".into(), string);
    format!(
        "  {{\"id\": {}, \"result\": {}, \"message\": {}, \"fix\": {fix}}}",
        string(id),
        string(result.word()),
        string(message)
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

    fn findings() -> Vec<Finding> {
        vec![
            Finding::ok("guest", "a guest of Xen 4.17, domain 7, on an XAPI host"),
            Finding::warn("agent", "it does not run").fix("start it".to_owned()),
            Finding::fail("nic/enX0", "vif 0 has 192.0.2.2/24").fix("kill -HUP 7".to_owned()),
            Finding::skip("nic/eth9", "an emulated NIC"),
        ]
    }

    #[test]
    fn fixes_are_aligned_behind_the_longest_line_that_has_one() {
        let expected = "\
ok    guest: a guest of Xen 4.17, domain 7, on an XAPI host
warn  agent: it does not run            start it
FAIL  nic/enX0: vif 0 has 192.0.2.2/24  kill -HUP 7
skip  nic/eth9: an emulated NIC
1 ok, 1 warning, 1 failure
";
        assert_eq!(text(&findings(), false, true), expected);
        assert_eq!(text(&[], false, true), "0 ok, 0 warnings, 0 failures\n");
    }

    #[test]
    fn long_line_does_not_move_the_fixes_of_others() {
        let mut all = findings();
        all.push(Finding::fail("facts", "a".repeat(WIDEST)).fix("kill -HUP 7".to_owned()));
        let shown = text(&all, false, false);
        let (others, long) = shown.split_at(text(&findings(), false, false).len());
        assert_eq!(others, text(&findings(), false, false));
        assert_eq!(long, format!("FAIL  facts: {}  kill -HUP 7\n", "a".repeat(WIDEST)));
    }

    #[test]
    fn colours_change_the_first_word_only() {
        let plain = text(&findings(), false, true);
        let coloured = text(&findings(), true, true);
        assert!(coloured.starts_with("\x1b[32mok\x1b[0m    guest: a guest"), "{coloured}");
        let without: String = coloured
            .split("\x1b[")
            .enumerate()
            .map(|(n, part)| match n {
                0 => part.to_owned(),
                _ => part.split_once('m').unwrap().1.to_owned(),
            })
            .collect();
        assert_eq!(without, plain);
    }

    #[test]
    fn control_characters_of_names_and_values_are_shown_as_escapes() {
        let finding = Finding::ok("nic/a\x1b[2J", "b\nFAIL  c").fix("d\re".to_owned());
        let line = "ok    nic/a\\u{1b}[2J: b\\nFAIL  c  d\\re\n";
        assert_eq!(text(&[finding], false, false), line);
    }

    #[test]
    fn object_has_schema_and_checks_with_null_where_there_is_nothing_to_type() {
        let findings = [
            Finding::ok("store", "/dev/xen/xenbus answers"),
            Finding::fail("nic/a\"\\", "b\n\u{85}\u{202e}ü").fix("c".to_owned()),
        ];
        let expected = "{\"schema\": 1, \"checks\": [
  {\"id\": \"store\", \"result\": \"ok\", \"message\": \"/dev/xen/xenbus answers\", \"fix\": null},
  {\"id\": \"nic/a\\\"\\\\\", \"result\": \"fail\", \"message\": \"b\\u000a\\u0085\\u202eü\", \"fix\": \"c\"}
]}
";
        assert_eq!(json(&findings), expected);
        assert_eq!(json(&[]), "{\"schema\": 1, \"checks\": []}\n");
    }
}
