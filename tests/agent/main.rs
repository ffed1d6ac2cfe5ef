//! The program as a whole: the real binary, a real xenstored, the real kernel's netlink. The tests are written
//! from the contract with the hosts, not from the code. `tests/run` installs their dependencies.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod address_order;
mod addresses;
mod check;
mod command_line;
mod disks;
mod drivers;
mod faults;
mod hosts;
mod images;
mod links;
mod logs;
mod memory;
mod network_costs;
mod notify;
mod os_changes;
mod random;
mod restart;
mod rfc;
mod sandbox;
mod service;
mod shell_agent;
mod signals;
mod sriov;
mod start;
mod stdout;
mod the_harness;
mod upper_devices;
mod weird_input;
mod withdraw;
