//! Systems without Landlock and seccomp: the agent gives up nothing.

use log::info;

use super::UnixSockets;

/// Logs that there is no sandbox.
pub fn restrict_self(_sockets: UnixSockets) -> Vec<String> {
    info!("sandbox: not available on this system");
    vec!["any: this system has none".into()]
}
