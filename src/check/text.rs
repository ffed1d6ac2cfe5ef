//! Findings as people read them: a line each, aligned, then their numbers. Pure.

use super::finding::{CheckResult, Finding, count};
use crate::logging::{MAX_LINE, one_line};

/// A line with more columns does not move to the right what is to be typed for the others.
const WIDEST: usize = 100;

/// The findings as text. `has_colours` is for terminals.
pub fn render(findings: &[Finding], has_colours: bool, has_numbers: bool) -> String {
    let lines: Vec<(String, Option<String>)> =
        findings.iter().map(|finding| (said(finding), finding.fix.as_ref().map(shown))).collect();
    let with_fix = lines.iter().filter(|(_, fix)| fix.is_some());
    let widths = with_fix.map(|(said, _)| said.chars().count());
    let width = widths.filter(|width| *width <= WIDEST).max().unwrap_or(0);
    let mut text = String::new();
    for (finding, (said, fix)) in findings.iter().zip(lines) {
        text += &coloured(finding.result, has_colours);
        match fix {
            Some(fix) => text += &format!("{said:width$}  {fix}\n"),
            None => text += &format!("{said}\n"),
        }
    }
    if has_numbers {
        let number = |result| findings.iter().filter(|finding| finding.result == result).count();
        let ok = number(CheckResult::Ok);
        let warnings = count(number(CheckResult::Warn), "warning");
        let failures = count(number(CheckResult::Fail), "failure");
        text += &format!("{ok} ok, {warnings}, {failures}\n");
    }
    text
}

fn said(finding: &Finding) -> String {
    shown(&format!("{}: {}", finding.id, finding.says))
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
        let text = "\
ok    guest: a guest of Xen 4.17, domain 7, on an XAPI host
warn  agent: it does not run            start it
FAIL  nic/enX0: vif 0 has 192.0.2.2/24  kill -HUP 7
skip  nic/eth9: an emulated NIC
1 ok, 1 warning, 1 failure
";
        assert_eq!(render(&findings(), false, true), text);
        assert_eq!(render(&[], false, true), "0 ok, 0 warnings, 0 failures\n");
    }

    #[test]
    fn long_line_does_not_move_the_fixes_of_others() {
        let mut all = findings();
        all.push(Finding::fail("facts", "a".repeat(WIDEST)).fix("kill -HUP 7".to_owned()));
        let text = render(&all, false, false);
        let (others, long) = text.split_at(render(&findings(), false, false).len());
        assert_eq!(others, render(&findings(), false, false));
        assert_eq!(long, format!("FAIL  facts: {}  kill -HUP 7\n", "a".repeat(WIDEST)));
    }

    #[test]
    fn colours_change_the_first_word_only() {
        let plain = render(&findings(), false, true);
        let coloured = render(&findings(), true, true);
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
        assert_eq!(render(&[finding], false, false), line);
    }
}
