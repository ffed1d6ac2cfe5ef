//! One line of what `--check` says. Plain types.

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckResult {
    /// As it should be.
    Ok,
    /// Something that a person may want to change; hosts show what they should, or will.
    Warn,
    /// Hosts do not show what they should.
    Fail,
    /// Nothing to check.
    Skip,
}

impl CheckResult {
    /// The word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skip => "skip",
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check: `guest`, `nic/eth0`.
    pub id: String,
    /// How it ended.
    pub result: CheckResult,
    /// What was found.
    pub message: String,
    /// What to type, where that would help.
    pub fix: Option<String>,
}

impl Finding {
    /// All is well.
    pub fn ok(id: impl Into<String>, message: impl Into<String>) -> Self {
        Self { id: id.into(), result: CheckResult::Ok, message: message.into(), fix: None }
    }

    /// A warning.
    pub fn warn(id: impl Into<String>, message: impl Into<String>) -> Self {
        Self { result: CheckResult::Warn, ..Self::ok(id, message) }
    }

    /// A failure.
    pub fn fail(id: impl Into<String>, message: impl Into<String>) -> Self {
        Self { result: CheckResult::Fail, ..Self::ok(id, message) }
    }

    /// Nothing to check.
    pub fn skip(id: impl Into<String>, message: impl Into<String>) -> Self {
        Self { result: CheckResult::Skip, ..Self::ok(id, message) }
    }

    /// The same, with what to type.
    pub fn fix(self, fix: impl Into<Option<String>>) -> Self {
        Self { fix: fix.into(), ..self }
    }
}

/// A word as a shell takes it: in quotes where it has other characters than names usually have.
pub fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-:@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// `1 key`, `2 keys`.
pub fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_with_characters_of_the_shell_is_in_quotes() {
        for (word, shown) in [("eth0.7", "eth0.7"), ("a$(b)", "'a$(b)'"), ("a'b", r"'a'\''b'")] {
            assert_eq!(shell_word(word), shown);
        }
    }
}
