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

fn matches(glob: &[u8], name: &[u8]) -> bool {
    match (glob.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            (0..=name.len()).any(|at| name.get(at..).is_some_and(|name| matches(rest, name)))
        }
        (Some((b'?', glob)), Some((_, name))) => matches(glob, name),
        (Some((a, glob)), Some((b, name))) => a == b && matches(glob, name),
        _ => false,
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
        ] {
            assert_eq!(matches(glob.as_bytes(), name.as_bytes()), is_match, "{glob} {name}");
        }
    }
}
