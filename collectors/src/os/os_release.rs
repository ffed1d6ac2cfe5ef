//! os-release(5): assignments in the syntax of a shell. No I/O.

/// The assignments of an os-release file.
#[derive(Debug, Default)]
pub struct OsRelease(Vec<(String, String)>);

impl OsRelease {
    /// Parses `text`; lines without an assignment are skipped.
    pub fn parse(text: &str) -> Self {
        Self(text.lines().filter_map(assignment).collect())
    }

    /// The value of `name`; the last one if it is assigned more than once.
    pub fn get(&self, name: &str) -> Option<String> {
        let (_, value) = self.0.iter().rev().find(|(key, _)| key == name)?;
        (!value.is_empty()).then(|| value.clone())
    }
}

fn assignment(line: &str) -> Option<(String, String)> {
    let (name, value) = line.trim().split_once('=')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(is_name)).then(|| (name.to_owned(), unquote(value)))
}

/// Removes quotes, escapes and characters that are not printable. A quote without an end lasts to the end of
/// the line.
fn unquote(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut quote = None;
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (Some('"') | None, '\\') => out.extend(escaped(quote, chars.next())),
            (_, c) if c.is_control() => {}
            (_, c) => out.push(c),
        }
    }
    out.trim().to_owned()
}

/// The text of a backslash and `next`. Within double quotes only `$`, `"`, `\` and the grave accent can be
/// escaped; before any other character the backslash stays.
fn escaped(quote: Option<char>, next: Option<char>) -> impl Iterator<Item = char> {
    let stays = quote.is_some() && !matches!(next, Some('$' | '"' | '\\' | '`'));
    let next = next.filter(|c| !c.is_control());
    stays.then_some('\\').into_iter().chain(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(line: &str) -> Option<String> {
        OsRelease::parse(line).get("A")
    }

    #[test]
    fn quotes_and_escapes_are_read_as_in_a_shell() {
        for (line, expected) in [
            ("A=plain", "plain"),
            ("A=\"two words\"", "two words"),
            ("A='single $HOME \\n'", "single $HOME \\n"),
            (r#"A="a \"b\" \$c \\ \d""#, r#"a "b" $c \ \d"#),
            (r"A=a\ b", "a b"),
            ("A=\"joined\"' parts'", "joined parts"),
            ("  A=indented  ", "indented"),
            ("A=\"never closed", "never closed"),
            ("A=cr\r", "cr"),
            ("A=1\nA=2", "2"),
            ("A=\"a=b\"", "a=b"),
        ] {
            assert_eq!(value(line).as_deref(), Some(expected), "{line:?}");
        }
    }

    #[test]
    fn lines_without_a_value_are_skipped() {
        for line in ["", "A", "A=", "A=\"\"", "#A=1", "A B=1", "=1", "A=\"\0\x1b\""] {
            assert_eq!(value(line), None, "{line:?}");
        }
    }
}
