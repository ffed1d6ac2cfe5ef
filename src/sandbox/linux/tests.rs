//! Actions that a confined thread cannot do. Confinement applies to a thread, so each test confines a thread
//! and tries the actions there, on this machine's kernel.

use std::env;
use std::ffi::CStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::ptr;
use std::thread;

use libc::ENOSYS;

use super::*;

/// A directory that is removed when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("sandbox-{}-{name}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Runs `attempt` in a thread that is confined as with sockets of xenstored and syslog.
fn confined<T: Send + 'static>(attempt: impl FnOnce() -> T + Send + 'static) -> T {
    confined_with(UnixSockets::All, attempt)
}

fn confined_with<T: Send + 'static>(
    sockets: UnixSockets,
    attempt: impl FnOnce() -> T + Send + 'static,
) -> T {
    thread::spawn(move || {
        restrict_self(sockets);
        assert_eq!(error_of(libc::SYS_getppid, [0; 4]), Some(ENOSYS), "no filter");
        attempt()
    })
    .join()
    .unwrap()
}

/// Runs `attempt` in a thread with the filter of a kernel that has no Landlock.
fn filtered_only<T: Send + 'static>(attempt: impl FnOnce() -> T + Send + 'static) -> T {
    thread::spawn(|| {
        let sockets = UnixSockets::None;
        seccomp::restrict(Allowed { write_access: false, sockets }).unwrap();
        attempt()
    })
    .join()
    .unwrap()
}

/// The error of a call with these arguments, if it fails.
#[allow(unsafe_code, reason = "a system call")]
fn error_of(call: libc::c_long, arguments: [usize; 4]) -> Option<i32> {
    let [a, b, c, d] = arguments;
    // SAFETY: only attempts that pass a string pass memory.
    let result = unsafe { libc::syscall(call, a, b, c, d, 0, 0) };
    (result == -1).then(|| io::Error::last_os_error().raw_os_error().unwrap())
}

fn address(text: &CStr) -> usize {
    text.as_ptr() as usize
}

/// uretprobe(2) and uprobe(2) of x86-64: the kernel does not apply filters to them, and sends a signal if they
/// are not called from its own trampolines.
const TRAMPOLINES: [libc::c_long; 2] = [335, 336];

#[test]
fn unlisted_calls_return_enosys() {
    for sockets in [UnixSockets::None, UnixSockets::Datagram, UnixSockets::All] {
        let possible = confined_with(sockets, move || {
            let allowed = Allowed { write_access: true, sockets };
            let others = (0..1024).filter(|call| !TRAMPOLINES.contains(call));
            let others = others.filter(|&call| !seccomp::is_listed(call, allowed));
            others.filter(|&call| error_of(call, [0; 4]) != Some(ENOSYS)).collect::<Vec<_>>()
        });
        assert_eq!(possible, [], "{sockets:?}");
    }
}

#[test]
fn exec_and_fork_return_enosys() {
    let (exec, fork, spawn) = confined(|| {
        let arguments = [c"/bin/true".as_ptr(), ptr::null()];
        let exec = [address(c"/bin/true"), arguments.as_ptr() as usize, 0, 0];
        (
            error_of(libc::SYS_execve, exec),
            error_of(libc::SYS_clone, [libc::SIGCHLD as usize, 0, 0, 0]),
            Command::new("/bin/true").spawn().is_err(),
        )
    });
    assert_eq!((exec, fork, spawn), (Some(ENOSYS), Some(ENOSYS), true));
}

// The call itself: binding a socket would be refused by Landlock too.
#[test]
fn sockets_of_inet_and_packet_return_enosys() {
    let families = [libc::AF_INET, libc::AF_INET6, libc::AF_PACKET];
    let types = [libc::SOCK_STREAM, libc::SOCK_DGRAM, libc::SOCK_RAW];
    let errors = confined(move || {
        let sockets = families.iter().flat_map(|family| types.map(|of| [*family, of]));
        let error = |[family, of]: [libc::c_int; 2]| {
            error_of(libc::SYS_socket, [family as usize, of as usize, 0, 0])
        };
        sockets.map(error).collect::<Vec<_>>()
    });
    assert_eq!(errors, [Some(ENOSYS); 9]);
}

/// A stream and a datagram socket that listen in `directory`.
fn listeners(directory: &Path) -> (UnixListener, UnixDatagram) {
    let stream = UnixListener::bind(directory.join("stream")).unwrap();
    (stream, UnixDatagram::bind(directory.join("datagram")).unwrap())
}

/// The errors of connecting a stream and a datagram socket, and of sending to an address.
fn errors_of_reaching(directory: &Path) -> [Option<i32>; 3] {
    let errno = |result: io::Result<()>| result.err().and_then(|error| error.raw_os_error());
    let datagram = directory.join("datagram");
    let (ours, _theirs) = UnixDatagram::pair().unwrap();
    [
        errno(UnixStream::connect(directory.join("stream")).map(drop)),
        errno(UnixDatagram::unbound().and_then(|socket| socket.connect(&datagram))),
        errno(ours.send_to(b"x", &datagram).map(drop)),
    ]
}

#[test]
fn unix_sockets_connect_only_as_the_store_and_the_log_need() {
    let refused = Some(ENOSYS);
    for (sockets, errors) in [
        (UnixSockets::None, [refused, refused, refused]),
        (UnixSockets::Datagram, [refused, None, refused]),
        (UnixSockets::All, [None, None, refused]),
    ] {
        let directory = Scratch::new(&format!("{sockets:?}"));
        let _listening = listeners(&directory.0);
        let path = directory.0.clone();
        assert_eq!(
            confined_with(sockets, move || errors_of_reaching(&path)),
            errors,
            "{sockets:?}"
        );
    }
}

/// The errors of opening a file in each way that can change or create one.
fn errors_of_writing(path: PathBuf) -> [Option<ErrorKind>; 4] {
    let made = File::create(path.with_extension("new"));
    let written = OpenOptions::new().write(true).open(&path);
    let appended = OpenOptions::new().append(true).open(&path);
    let changed = OpenOptions::new().read(true).write(true).open(&path);
    [made, written, appended, changed].map(|result| result.map_err(|error| error.kind()).err())
}

#[test]
fn no_file_can_be_opened_for_writing() {
    let (enosys, eacces) = (Some(ErrorKind::Unsupported), Some(ErrorKind::PermissionDenied));
    let directory = Scratch::new("write");
    let path = directory.0.join("file");
    fs::write(&path, "as it was").unwrap();
    let (with, without) = (path.clone(), path.clone());
    let with = confined(move || errors_of_writing(with));
    assert_eq!(with, [enosys, enosys, enosys, eacces]);
    let without = filtered_only(move || errors_of_writing(without));
    assert_eq!(without, [enosys; 4], "without Landlock");
    assert_eq!(fs::read_to_string(&path).unwrap(), "as it was");
}

/// `/etc/hosts` and `/etc/os-release` of some systems are links to files elsewhere.
#[test]
fn files_behind_links_out_of_etc_can_be_read() {
    let directory = Scratch::new("links");
    let (target, link) = (directory.0.join("target"), directory.0.join("link"));
    fs::write(&target, "text").unwrap();
    symlink(&target, &link).unwrap();
    let (path, other) = (link.clone(), directory.0.join("other"));
    fs::write(&other, "private").unwrap();
    let read = thread::spawn(move || {
        landlock::restrict_with(&[link]).unwrap();
        (fs::read_to_string(path).ok(), fs::read_to_string(other).ok())
    });
    assert_eq!(read.join().unwrap(), (Some("text".into()), None));
}

#[test]
fn files_outside_the_rules_return_eacces() {
    let directory = Scratch::new("read");
    let path = directory.0.join("file");
    fs::write(&path, "private").unwrap();
    let (secret, listing, meminfo, nics) = confined(move || {
        (
            fs::read(path).map_err(|error| error.kind()),
            fs::read_dir("/tmp").map(drop).map_err(|error| error.kind()),
            fs::read("/proc/meminfo").is_ok(),
            fs::read_dir("/sys/class/net").is_ok(),
        )
    });
    assert_eq!(secret, Err(ErrorKind::PermissionDenied));
    assert_eq!(listing, Err(ErrorKind::PermissionDenied));
    assert!(meminfo && nics);
}

#[test]
fn mmap_mprotect_prot_exec_return_enosys() {
    let code = (libc::PROT_READ | libc::PROT_EXEC) as usize;
    let private = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as usize;
    let mapped = confined(move || {
        (
            error_of(libc::SYS_mmap, [0, 4096, code, private]),
            error_of(libc::SYS_mprotect, [0, 4096, code, 0]),
        )
    });
    assert_eq!(mapped, (Some(ENOSYS), Some(ENOSYS)));
}

#[test]
fn only_cap_dac_read_search_is_left_and_no_new_privs_is_set() {
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
