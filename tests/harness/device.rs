//! The kernel's xenbus device in a guest: a pseudo-terminal that is connected to the guest's socket. It is a
//! character device that can be opened, polled, read and written.

use super::Guest;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::thread;

impl Guest {
    /// Makes the device at this path. All processes that open it share one connection, so only one at a time may
    /// use it.
    pub fn xenbus_device(&self, path: &str) {
        self.sh("mkdir -p /dev/pts && mount -t devpts -o newinstance,ptmxmode=666 none /dev/pts");
        let terminal = Terminal::new(self);
        let name = terminal.name();
        self.sh(&format!("mkdir -p {} && : >{path}", path.rsplit_once('/').unwrap().0));
        self.sh(&format!("stty raw -echo -F {name} && mount --bind {name} {path}"));
        terminal.forward_to(UnixStream::connect(self.socket()).unwrap());
    }
}

struct Terminal {
    master: File,
    /// Kept open: otherwise reads of the master fail while no process has the device open.
    slave: File,
    number: i32,
}

impl Terminal {
    fn new(guest: &Guest) -> Terminal {
        let open = |name: &str| {
            let path = guest.path(format!("/dev/pts/{name}"));
            File::options().read(true).write(true).open(path).unwrap()
        };
        let master = open("ptmx");
        let (mut number, unlocked) = (0, 0);
        ioctl(&master, libc::TIOCGPTN, &mut number);
        ioctl(&master, libc::TIOCSPTLCK, &mut { unlocked });
        Terminal { slave: open(&number.to_string()), master, number }
    }

    fn name(&self) -> String {
        format!("/dev/pts/{}", self.number)
    }

    /// Forwards bytes both ways until xenstored closes the connection.
    fn forward_to(self, mut store: UnixStream) {
        let (mut requests, mut replies) = (store.try_clone().unwrap(), self.master);
        let mut master = replies.try_clone().unwrap();
        thread::spawn(move || copy(&mut master, &mut requests));
        thread::spawn(move || {
            let done = copy(&mut store, &mut replies);
            drop(self.slave);
            done
        });
    }
}

fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut bytes = [0; 4096];
    loop {
        match from.read(&mut bytes)? {
            0 => return Ok(()),
            length => to.write_all(&bytes[..length])?,
        }
    }
}

#[allow(unsafe_code, reason = "a system call")]
fn ioctl(file: &File, request: libc::c_ulong, value: &mut i32) {
    // SAFETY: both requests read or write one `int`, which `value` points to.
    let done = unsafe { libc::ioctl(file.as_raw_fd(), request as _, value) };
    assert_eq!(done, 0, "{}", io::Error::last_os_error());
}
