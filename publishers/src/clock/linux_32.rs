//! The system call clock_gettime64 of 32-bit kernels since 5.1 (`asm-generic/unistd.h`: 403 on each). Older
//! kernels have seconds of 32 bits, which last until 2106 as an unsigned number.

#[derive(Default)]
#[repr(C)]
struct Timespec64 {
    seconds: i64,
    nanoseconds: i64,
}

const CLOCK_GETTIME64: libc::c_long = 403;

/// Seconds since 1970-01-01T00:00:00Z.
pub fn unix_time() -> i64 {
    seconds(libc::CLOCK_REALTIME)
}

/// Seconds since boot, with time in suspend.
pub fn uptime() -> i64 {
    seconds(libc::CLOCK_BOOTTIME)
}

#[allow(unsafe_code, reason = "a system call")]
fn seconds(clock: libc::clockid_t) -> i64 {
    let mut time = Timespec64::default();
    // SAFETY: writes a `__kernel_timespec`, which is two i64, to `time`.
    let done = unsafe { libc::syscall(CLOCK_GETTIME64, clock, &raw mut time) };
    if done == 0 { time.seconds } else { old_seconds(clock) }
}

#[allow(unsafe_code, reason = "a system call")]
fn old_seconds(clock: libc::clockid_t) -> i64 {
    let mut time: [libc::c_long; 2] = [0; 2];
    // SAFETY: writes the old `timespec`, which is two longs, to `time`.
    unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time.as_mut_ptr()) };
    let [seconds, _] = time;
    i64::from(seconds as u32)
}
