//! Network: the NICs and addresses of the guest. A message of the kernel means: list all again.
//!
//! The message is not parsed, so that a lost one does no harm: the kernel reports that too. The platform's
//! `Lister` does the I/O, [`snapshot`] is what it lists. Names do not identify VIFs: users rename NICs.

pub mod address_flags;
mod debounce;
pub mod interfaces;
mod nic_filter;
#[cfg_attr(all(target_os = "linux", not(feature = "portable-network")), path = "linux/mod.rs")]
#[cfg_attr(
    any(feature = "portable-network", target_os = "freebsd", target_os = "netbsd"),
    path = "bsd/mod.rs"
)]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "freebsd", target_os = "netbsd")),
    path = "fallback.rs"
)]
mod platform;
pub mod rtnetlink;
pub mod snapshot;
pub mod sockaddr;
mod upper_devices;
pub mod vif;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::time::{Duration, Instant};

use facts::{Event, Network, Outbox};

use self::debounce::Debounce;
use self::platform::Lister;
use crate::failure_log::FailureLog;
use crate::poll::{WakeReason, WakeReceiver};

pub use nic_filter::NicFilter;
pub use snapshot::Nic;

/// Addresses to which usually only a default route leads: 6to4's anycast address, which is unused since
/// RFC 7526, and the first global IPv6 address, which is not assigned.
pub const ROUTE_PROBES: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(192, 88, 99, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0)),
];

/// Whether the network of this system can be read.
pub const IS_SUPPORTED: bool =
    cfg!(any(target_os = "linux", target_os = "freebsd", target_os = "netbsd"));

/// Delay before the next list after a failure.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// Sends the network of the guest, at once and after each change, until shutdown. The system's files are below
/// `root`; `exclude` has the NICs to skip.
pub fn run(wake: &WakeReceiver, outbox: &Outbox, root: &Path, exclude: &NicFilter) {
    let mut sender = Sender { outbox, exclude, failures: FailureLog::new("network"), sent: None };
    loop {
        let pause = match sender.follow(wake, root) {
            Ok(WakeReason::Shutdown) => return,
            Ok(_) => Duration::ZERO,
            Err(error) => {
                sender.failures.failed(&error);
                RETRY_INTERVAL
            }
        };
        if wake.wait(&[], Some(pause)) == WakeReason::Shutdown {
            return;
        }
    }
}

/// The NICs as they are now. The system's files are below `root`.
///
/// # Errors
/// When the kernel does not answer, or the VIF of a link cannot be read.
pub fn list_nics(root: &Path, exclude: &NicFilter) -> io::Result<Vec<Nic>> {
    let mut lister = Lister::open(root)?;
    let snapshot = lister.list()?;
    if let Some(error) = &snapshot.vif_error {
        return Err(io::Error::new(error.kind(), error.to_string()));
    }
    let mut nics = snapshot.nics(exclude);
    for nic in &mut nics {
        nic.driver = snapshot::driver(root, &nic.name);
    }
    Ok(nics)
}

struct Sender<'a> {
    outbox: &'a Outbox,
    exclude: &'a NicFilter,
    failures: FailureLog,
    sent: Option<Network>,
}

impl Sender<'_> {
    /// Lists the network, and again after each message, until the shutdown or a refresh.
    fn follow(&mut self, wake: &WakeReceiver, root: &Path) -> io::Result<WakeReason> {
        let (mut lister, mut debounce) = (Lister::open(root)?, Debounce::default());
        loop {
            let again = self.send(&mut lister)?;
            let listed_at = Instant::now();
            let mut reason = wake.wait(&[lister.changes()], again);
            if reason == WakeReason::Ready {
                // The messages of this pause are answered by one list.
                reason = wake.wait(&[], Some(debounce.rest(listed_at.elapsed())));
            }
            match reason {
                WakeReason::Ready | WakeReason::Timeout => {}
                WakeReason::Refresh => return Ok(reason),
                WakeReason::Shutdown => return self.send(&mut lister).map(|_| reason),
            }
        }
    }

    /// Lists the network and sends it, if it is another one. Returns when to list again without a message.
    fn send(&mut self, lister: &mut Lister) -> io::Result<Option<Duration>> {
        let snapshot = lister.list()?;
        self.failures.record(snapshot.vif_error.as_ref().map_or(Ok(()), Err));
        let network = snapshot.network(self.exclude);
        if self.sent.as_ref() != Some(&network) {
            self.outbox.send(Event::Network(network.clone()));
            self.sent = Some(network);
        }
        Ok(snapshot.again)
    }
}
