//! Which NICs are not published, by name. Pure.

use wildmatch::WildMatch;

/// Globs of names of NICs that are not published.
#[derive(Clone, Debug, Default)]
pub struct NicFilter(Vec<WildMatch>);

impl NicFilter {
    /// Excludes NICs that match one of `globs`: `*` matches any characters, `?` any one character.
    #[must_use]
    pub fn new(globs: Vec<String>) -> Self {
        Self(globs.iter().map(|glob| WildMatch::new(glob)).collect())
    }

    /// Whether a NIC of this name matches one of the globs.
    #[must_use]
    pub fn is_excluded(&self, name: &[u8]) -> bool {
        let name = String::from_utf8_lossy(name);
        self.0.iter().any(|glob| glob.matches(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(glob: &[u8], name: &[u8]) -> bool {
        let glob = String::from_utf8(glob.to_vec()).unwrap();
        NicFilter::new(vec![glob]).is_excluded(name)
    }

    #[test]
    fn glob_must_match_the_whole_name() {
        for (glob, name, is_match) in [
            ("eth0", "eth0", true),
            ("eth", "eth0", false),
            ("eth*", "eth", true),
            ("*0", "eth10", true),
            ("e?h*1", "eth0.1", true),
            ("?", "", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*b*c", "abbcbc", true),
            ("a*b*c", "acb", false),
            ("*ab", "aab", true),
            ("?*?", "a", false),
            ("a**", "a", true),
        ] {
            assert_eq!(matches(glob.as_bytes(), name.as_bytes()), is_match, "{glob} {name}");
        }
    }
    // With a try of each length for each star, the test would take more than 10^29 steps.
    #[test]
    fn glob_of_many_stars_is_matched_in_polynomial_time() {
        assert!(!matches(&[b"*a".repeat(50), b"b".to_vec()].concat(), &[b'a'; 100]));
        assert!(!matches(&[b"*?*".repeat(50), b"b".to_vec()].concat(), &[b'a'; 100]));
    }
}
