//! Timer slack: how late the kernel may wake a thread after a timeout, so that one wake-up of an idle machine
//! serves several timers.

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod fallback;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;

use std::cell::Cell;
use std::time::Duration;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
use fallback::set;
#[cfg(any(target_os = "linux", target_os = "android"))]
use linux::set;

/// Waits of at least this length may be late by [`SLACK`]. Shorter waits are debounces, which delay a change.
const LONG_WAIT: Duration = Duration::from_secs(10);
const SLACK: Duration = Duration::from_secs(1);

thread_local! {
    static MAY_BE_LATE: Cell<bool> = const { Cell::new(false) };
}

/// Sets the slack for a wait of this length. Makes a system call only if the slack changes.
pub fn prepare(wait: Option<Duration>) {
    // A wait without an end has no timer.
    let Some(wait) = wait else { return };
    let may_be_late = wait >= LONG_WAIT;
    if MAY_BE_LATE.replace(may_be_late) != may_be_late {
        set(if may_be_late { SLACK } else { Duration::ZERO });
    }
}
