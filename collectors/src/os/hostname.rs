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
    let short = node_name.split('.').next().unwrap_or_default();
    let domain = domain_of(node_name, short).or_else(|| {
        let hosts = bounded_read::text(&root.join("etc/hosts")).ok()?;
        in_hosts(&hosts, short)
    });
    (short.to_owned(), domain)
}

/// The domain in the first name `short.domain` of hosts(5) on a line about this host: its address is 127.0.1.1,
/// which Debian's installer writes, or `short` is on it too. Other lines may be about a machine with the same
/// short name in another domain.
fn in_hosts(hosts: &str, short: &str) -> Option<String> {
    hosts.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let (address, mut names) = (words.next()?, words);
        let is_own =
            address == "127.0.1.1" || names.clone().any(|name| name.eq_ignore_ascii_case(short));
        names.find_map(|name| domain_of(name, short)).filter(|_| is_own)
    })
}

fn domain_of(name: &str, short: &str) -> Option<String> {
    let (host, domain) = name.split_once('.')?;
    let domain = domain.trim_end_matches('.');
    let is_domain = host.eq_ignore_ascii_case(short) && !matches!(domain, "" | "localdomain");
    is_domain.then(|| domain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_of_hosts_tells_the_domain_only_with_the_bare_name_or_127_0_1_1() {
        for (hosts, domain) in [
            ("192.0.2.20 web1.example.net db\n127.0.1.1 web1.example.org web1", "example.org"),
            ("127.0.1.1 web1.example.org", "example.org"),
            ("192.0.2.1 web1 web1.example.org", "example.org"),
            ("2001:db8::1\twww WEB1.example.org. Web1\r", "example.org"),
            ("127.0.0.1 web1.localdomain web1\n192.0.2.1 web1.example.org web1", "example.org"),
            ("127.0.0.1 localhost web1.dev.test", ""),
            ("0.0.0.0 web1.ads.tracker.example", ""),
            ("203.0.113.25 web1.mail.provider.example smtp-relay", ""),
            ("127.0.1.11 web1.example.org", ""),
            ("192.0.2.1 web1.example.org # web1", ""),
            ("# 127.0.1.1 web1.example.org web1", ""),
            ("web1.example.org web1", ""),
            ("web1 web1.example.org", ""),
            ("127.0.1.1 web11.example.org web1", ""),
        ] {
            assert_eq!(in_hosts(hosts, "web1").unwrap_or_default(), domain, "{hosts:?}");
        }
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
