//! Random events: the keys of an agent that saw them one by one equal those of an agent that starts
//! afterwards.

use super::harness::Guest;

/// A pseudo-random generator: the same seed gives the same events, so that a failure can be repeated.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// A random change of a link or an address. The kernel may reject it.
    fn event(&mut self) -> String {
        let (link, n) = (self.below(3), self.below(6));
        match self.below(12) {
            0 => format!("link set eth{link} down"),
            1 | 2 => format!("link set eth{link} up"),
            3 => format!("link del eth{link}"),
            4 => format!(
                "link add eth{link} index {} type veth peer name p{link} index {}\n\
                 link set eth{link} addrgenmode none",
                100 + link,
                200 + link
            ),
            5 => format!("link set eth{link} address 00:16:3e:01:{link:02x}:{n:02x}"),
            6 | 7 => format!("addr add 10.{link}.{}.{n}/24 dev eth{link}", self.below(2)),
            8 => format!("addr del 10.{link}.{}.{n}/24 dev eth{link}", self.below(2)),
            9 => format!("addr add 2001:db8:{link}::{n}/64 dev eth{link} nodad"),
            10 => format!("addr del 2001:db8:{link}::{n}/64 dev eth{link}"),
            _ => format!("addr change 2001:db8:{link}::{n}/64 dev eth{link} preferred_lft 0"),
        }
    }
}

#[test]
fn restart_after_random_events_writes_the_doorbell_and_nothing_else() {
    for seed in 1..=3 {
        let guest = Guest::new();
        (1..3).for_each(|id| guest.vif(format!("eth{id}"), id));
        // Otherwise duplicate address detection would end some time after the last event.
        guest.sh("for dad in /proc/sys/net/ipv6/conf/*/accept_dad; do echo 0 > $dad; done");
        let agent = guest.published(&[]);
        let mut random = Random(seed);
        guest.ip_where_possible((0..1000).map(|_| random.event() + "\n").collect::<String>());
        guest.sh("ip link set eth0 up 2>/dev/null || ip link add eth0 index 100 up type veth peer name p0");
        guest.sync_with_agent();
        assert_eq!(agent.stop("TERM").code, Some(0));
        println!("seed {seed}");
        guest.assert_restart_is_quiet(&[]);
    }
}
