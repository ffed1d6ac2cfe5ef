//! What a confined thread can no longer do. Confinement is a thread's own, so each test confines one
//! and tries there, on this machine's kernel.

use std::ffi::CStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::ptr;
use std::thread;

use super::*;

/// Runs `attempt` in a confined thread.
fn confined<T: Send + 'static>(attempt: impl FnOnce() -> T + Send + 'static) -> T {
    thread::spawn(|| {
        enter();
        attempt()
    })
    .join()
    .unwrap()
}

/// The error of a call with these arguments, if it fails.
#[allow(unsafe_code, reason = "a system call")]
fn error_of(call: libc::c_long, arguments: [usize; 4]) -> Option<i32> {
    let [a, b, c, d] = arguments;
    // SAFETY: no memory is handed out, but to the attempts that pass a string.
    let result = unsafe { libc::syscall(call, a, b, c, d, 0, 0) };
    (result == -1).then(|| io::Error::last_os_error().raw_os_error().unwrap())
}

fn address(text: &CStr) -> usize {
    text.as_ptr() as usize
}

/// uretprobe(2) and uprobe(2) of x86-64: no filter is asked, and who calls them from anywhere but the
/// kernel's own trampolines gets a signal.
const TRAMPOLINES: [libc::c_long; 2] = [335, 336];

#[test]
fn no_call_is_possible_that_is_not_listed() {
    let possible = confined(|| {
        let others = (0..1024).filter(|call| !TRAMPOLINES.contains(call));
        let others = others.filter(|&call| !seccomp::is_listed(call));
        others.filter(|&call| error_of(call, [0; 4]) != Some(libc::ENOSYS)).collect::<Vec<_>>()
    });
    assert_eq!(possible, []);
}

#[test]
fn no_program_can_be_run() {
    let (exec, fork, spawn) = confined(|| {
        let arguments = [c"/bin/true".as_ptr(), ptr::null()];
        let exec = [address(c"/bin/true"), arguments.as_ptr() as usize, 0, 0];
        (
            error_of(libc::SYS_execve, exec),
            error_of(libc::SYS_clone, [libc::SIGCHLD as usize, 0, 0, 0]),
            Command::new("/bin/true").spawn().is_err(),
        )
    });
    assert_eq!((exec, fork, spawn), (Some(libc::ENOSYS), Some(libc::ENOSYS), true));
}

#[test]
fn sockets_reach_this_machine_only() {
    let (tcp, udp, raw, local) = confined(|| {
        (
            TcpListener::bind("127.0.0.1:0").is_err(),
            UdpSocket::bind("[::1]:0").is_err(),
            error_of(libc::SYS_socket, [libc::AF_PACKET as usize, libc::SOCK_RAW as usize, 0, 0]),
            UnixDatagram::unbound().is_ok(),
        )
    });
    assert_eq!((tcp, udp, raw, local), (true, true, Some(libc::ENOSYS), true));
}

#[test]
fn no_file_can_be_written() {
    let here = format!("{}/{}-written", std::env::temp_dir().display(), std::process::id());
    fs::write(&here, "as it was").unwrap();
    let path = here.clone();
    let opened = confined(move || {
        let made = File::create(format!("{path}-too"));
        let written = OpenOptions::new().write(true).open(&path);
        let appended = OpenOptions::new().append(true).open(&path);
        let changed = OpenOptions::new().read(true).write(true).open(&path);
        [made, written, appended, changed].map(|result| result.map_err(|error| error.kind()).err())
    });
    let none = Some(ErrorKind::Unsupported);
    assert_eq!(opened, [none, none, none, Some(ErrorKind::PermissionDenied)]);
    assert_eq!(fs::read_to_string(&here).unwrap(), "as it was");
    fs::remove_file(here).unwrap();
}

#[test]
fn only_what_the_agent_reads_can_be_read() {
    let here = format!("{}/{}-read", std::env::temp_dir().display(), std::process::id());
    fs::write(&here, "private").unwrap();
    let path = here.clone();
    let (secret, listing, meminfo, nics) = confined(move || {
        (
            fs::read(path).map_err(|error| error.kind()),
            fs::read_dir("/tmp").map(drop).map_err(|error| error.kind()),
            fs::read("/proc/meminfo").is_ok(),
            fs::read_dir("/sys/class/net").is_ok(),
        )
    });
    fs::remove_file(here).unwrap();
    assert_eq!(secret, Err(ErrorKind::PermissionDenied));
    assert_eq!(listing, Err(ErrorKind::PermissionDenied));
    assert!(meminfo && nics);
}

#[test]
fn no_memory_becomes_code() {
    let code = (libc::PROT_READ | libc::PROT_EXEC) as usize;
    let private = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as usize;
    let mapped = confined(move || {
        (
            error_of(libc::SYS_mmap, [0, 4096, code, private]),
            error_of(libc::SYS_mprotect, [0, 4096, code, 0]),
        )
    });
    assert_eq!(mapped, (Some(libc::ENOSYS), Some(libc::ENOSYS)));
}

#[test]
fn one_capability_is_left_at_most_and_none_can_come_back() {
    let status = confined(|| fs::read_to_string("/proc/thread-self/status").unwrap());
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        u64::from_str_radix(line.trim_start_matches(':').trim(), 16).unwrap()
    };
    let has = (field("CapEff"), field("CapPrm"), field("CapInh"), field("CapAmb"));
    let root = field("CapBnd") == 1 << 2;
    assert_eq!(has, if root { (1 << 2, 1 << 2, 0, 0) } else { (0, 0, 0, 0) });
    assert_eq!(field("NoNewPrivs"), 1);
}
