//! Which NICs are not published, by name. Pure.

/// Globs of names of NICs that are not published.
#[derive(Clone, Debug, Default)]
pub struct Exclude(Vec<String>);

impl Exclude {
    /// Excludes NICs that match one of `globs`: `*` matches any characters, `?` any one character.
    #[must_use]
    pub fn new(globs: Vec<String>) -> Self {
        Self(globs)
    }

    /// Whether a NIC of this name matches one of the globs.
    #[must_use]
    pub fn is_excluded(&self, name: &[u8]) -> bool {
        self.0.iter().any(|glob| matches(glob.as_bytes(), name))
    }
}

fn matches(mut glob: &[u8], mut name: &[u8]) -> bool {
    // The glob after the last star, and the rest of the name with which it is compared. Earlier stars need not
    // be tried again, so the cost is at most the product of both lengths.
    let mut last_star: Option<(&[u8], &[u8])> = None;
    loop {
        match (glob.split_first(), name.split_first()) {
            (None, None) => return true,
            (Some((b'*', rest)), _) => {
                last_star = Some((rest, name));
                glob = rest;
            }
            (Some((a, rest)), Some((b, after))) if a == b || *a == b'?' => {
                (glob, name) = (rest, after);
            }
            _ => {
                last_star = last_star.and_then(|(rest, name)| Some((rest, name.get(1..)?)));
                let Some(again) = last_star else { return false };
                (glob, name) = again;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
