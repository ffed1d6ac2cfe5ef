//! Keys of the old shell agent of xe-guest-utilities. XAPI's `xapi_guest_agent.ml` reads them if there is no
//! key below `attr/vif`, and then shows an address that the guest may not have any more. So the agent removes
//! them. It never writes them.

use super::{Ours, Root};
use crate::guest_state::Source;

/// `attr/eth$N/ip` and `attr/eth$N/ipv6/$M/addr`. Other keys there are other programs'.
pub const ROOT: Root = Root {
    path: "attr",
    source: Source::Agent,
    ours: Ours::Keys { child_prefix: "eth", is_ours: is_address },
};

fn is_address(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts.as_slice(), ["attr", _, "ip"] | ["attr", _, "ipv6", _, "addr"])
}
