//! A distribution: its name and version, and the numbers in a version. No I/O.

/// A distribution, from its own files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// Name and version, to be shown to users.
    pub pretty_name: String,
    /// Name without version.
    pub name: String,
    /// The id that hosts use, in lower case.
    pub id: String,
    /// The version, as its files have it.
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
