//! Collectors: each module reads one source of the guest and sends its complete state.
//!
//! A collector is a function `run(wake, outbox, …)` on a thread of its own. It collects, sends the result if
//! it has changed, and waits (see [`poll`]) for a change, a refresh or the shutdown. It never writes xenstore.
//! If its source fails, it logs that once and tries again.
//!
//! A new collector needs a fact in the crate `facts`, a module here, a line in the binary's `agent.rs`, and keys
//! in the schemas of the crate `publishers`.
//!
//! Only `mod.rs` of a platform module has `cfg(target_os)`. Parsers are in other files, so that they are tested
//! on every host.

mod bounded_read;
pub mod disks;
pub mod drivers;
mod failure_log;
#[cfg(test)]
mod fake_host;
pub mod headers;
pub mod inspect;
pub mod memory;
pub mod network;
pub mod os;
pub mod poll;
pub mod service;
pub mod sys;
pub mod sysctl;
mod watch_loop;
pub mod xenstore_watch;
