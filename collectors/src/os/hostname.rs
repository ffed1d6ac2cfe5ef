//! The host's short name and its DNS domain, without network requests.
//!
//! The search list in resolv.conf is not used: it is for lookups and is not this host's domain. Installers write
//! `localdomain` if there is no domain.

use std::path::Path;

use crate::bounded_read;

/// The short name of the host `node_name`, and its domain, if the name or `/etc/hosts` has one.
pub fn split(root: &Path, node_name: &str) -> (String, Option<String>) {
    // The kernel's value until a name is set.
    let node_name = if node_name == "(none)" { "" } else { node_name };
    let (short, domain) = node_name.split_once('.').unwrap_or((node_name, ""));
    let domain = match domain.trim_end_matches('.') {
        "" => bounded_read::text(&root.join("etc/hosts"))
            .ok()
            .and_then(|hosts| in_hosts(&hosts, short)),
        domain => Some(domain.to_owned()),
    };
    (short.to_owned(), domain.filter(|domain| domain != "localdomain"))
}

/// The domain of the first name `short.domain` in hosts(5).
fn in_hosts(hosts: &str, short: &str) -> Option<String> {
    hosts.lines().find_map(|line| {
        let entry = line.split('#').next()?;
        entry.split_whitespace().skip(1).find_map(|name| domain_of(name, short))
    })
}

fn domain_of(name: &str, short: &str) -> Option<String> {
    let (host, domain) = name.split_once('.')?;
    let domain = domain.trim_end_matches('.');
    (host.eq_ignore_ascii_case(short) && !domain.is_empty()).then(|| domain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domain_of_a_short_name_is_read_from_hosts() {
        let hosts =
            "127.0.0.1 localhost\n# 10.0.0.9 web.wrong\n\n127.0.1.1\tWEB.example.com. web\n";
        assert_eq!(in_hosts(hosts, "web").as_deref(), Some("example.com"));
        assert_eq!(in_hosts(hosts, "localhost"), None);
        assert_eq!(in_hosts("web.example.com", "web"), None);
    }

    #[test]
    fn domain_of_a_full_name_is_its_rest() {
        let nowhere = Path::new("/nonexistent");
        let split = |name| split(nowhere, name);
        assert_eq!(split("web.example.com"), ("web".into(), Some("example.com".into())));
        assert_eq!(split("web."), ("web".into(), None));
        assert_eq!(split("web.localdomain"), ("web".into(), None));
        assert_eq!(split("(none)"), (String::new(), None));
    }
}
