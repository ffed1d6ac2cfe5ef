//! Which NICs are left out, by name. Pure.

/// The NICs that container runtimes and virtual machines make. They are nobody's but their own,
/// unless they stand on a VIF.
const CONTAINERS: [&str; 7] = ["veth*", "docker*", "cni*", "cali*", "virbr*", "lxc*", "flannel*"];

/// Names of NICs that are left out.
#[derive(Clone, Debug, Default)]
pub struct Exclude(Vec<String>);

impl Exclude {
    /// Leaves out, besides the NICs of containers, those that match one of `globs`: `*` stands for
    /// any characters, `?` for any one.
    #[must_use]
    pub fn new(globs: Vec<String>) -> Self {
        Self(globs)
    }

    /// Whether somebody asked for a NIC of this name to be left out, whatever it is.
    #[must_use]
    pub fn is_asked_for(&self, name: &[u8]) -> bool {
        self.0.iter().any(|glob| matches(glob.as_bytes(), name))
    }

    /// Whether a NIC of this name is a container's, to be left out if it stands on no VIF.
    #[must_use]
    pub fn is_of_container(name: &[u8]) -> bool {
        CONTAINERS.iter().any(|glob| matches(glob.as_bytes(), name))
    }
}

fn matches(mut glob: &[u8], mut name: &[u8]) -> bool {
    // What follows the last star, and what of the name it was held against. No star before that one
    // need be tried again: a list of many stars costs no more than its length.
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
    fn a_glob_stands_for_the_whole_name() {
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
    // Each star with each length that it could stand for would be more tries than there is time.
    #[test]
    fn many_stars_take_no_time() {
        assert!(!matches(&[b"*a".repeat(1_000), b"b".to_vec()].concat(), &[b'a'; 15]));
        assert!(!matches(&b"*?*".repeat(1_000), &[b'a'; 15]));
    }
}
