//! A real xenstored (Debian's, unmodified) as an ordinary process on a machine without Xen. `shim/` is
//! preloaded into it and replaces the hypervisor's libraries only: permissions, quotas, watches and the
//! trace are the daemon's own.

use super::preload::library;
use super::{PATIENCE, wait_for};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The two implementations of xenstored.
#[derive(Clone, Copy, PartialEq)]
pub enum Daemon {
    C,
    OCaml,
}

/// A running daemon; killed when dropped.
pub struct Xenstored {
    process: Child,
}

impl Xenstored {
    /// Starts the daemon in `run`, its socket `run/socket`, its trace (C only) `run/trace`.
    pub fn start(daemon: Daemon, run: &Path) -> Xenstored {
        let Installation { root, bin, libs } = installation();
        let log = File::create(run.join("daemon.log")).unwrap();
        let mut command = match daemon {
            Daemon::C => {
                let mut command = Command::new(bin.join("xenstored"));
                command.args(["--no-fork", "--trace-file"]).arg(run.join("trace"));
                command
            }
            Daemon::OCaml => {
                let config = run.join("oxenstored.conf");
                fs::write(&config, ocaml_config(run)).unwrap();
                let mut command = Command::new(bin.join("oxenstored"));
                command.args(["--no-fork", "--config-file"]).arg(config);
                command
            }
        };
        let process = command
            .env_remove("XENSTORED_PATH")
            .env("XENSTORED_RUNDIR", run)
            .env("XENSTORED_ROOT", root)
            .env("LD_LIBRARY_PATH", libs)
            .env("LD_PRELOAD", library("xenstored-shim", &["hypervisor.c", "files.c"]))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let socket = run.join("socket");
        let up = || std::os::unix::net::UnixStream::connect(&socket).is_ok();
        if !wait_for(PATIENCE, up) {
            panic!(
                "xenstored did not start: {}",
                fs::read_to_string(run.join("daemon.log")).unwrap()
            );
        }
        Xenstored { process }
    }
}

impl Xenstored {
    /// Stops the process, so that it answers no request.
    pub fn stall(&self) {
        self.signal("STOP");
    }

    /// Lets the process run again.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.process.id());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success(), "{line}");
    }
}

impl Drop for Xenstored {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn ocaml_config(run: &Path) -> String {
    let run = run.display();
    format!(
        "pid-file = {run}/oxenstored.pid\npersistent = false\nring-scan-interval = 20\n\
         xenstored-log-file = {run}/daemon.log\naccess-log-file = {run}/access.log\n\
         xenstored-kva = /proc/xen/xsd_kva\nxenstored-port = /proc/xen/xsd_port\n"
    )
}

/// The paths of the daemons and of their libraries.
struct Installation {
    /// The directory into which the packages are unpacked; empty if they are installed.
    root: PathBuf,
    bin: PathBuf,
    libs: PathBuf,
}

/// `tests/run` unpacks them below `target/`.
fn installation() -> Installation {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/xen");
    for root in [unpacked, PathBuf::new()] {
        let lib = Path::new("/").join(&root).join("usr/lib");
        let entries = fs::read_dir(&lib).into_iter().flatten().flatten();
        let (mut bin, mut libs) = (None, lib);
        for path in entries.map(|entry| entry.path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.join("bin/xenstored").exists() {
                bin = Some(path.join("bin"));
            } else if name.ends_with("-linux-gnu") {
                libs = path;
            }
        }
        if let Some(bin) = bin {
            return Installation { root, bin, libs };
        }
    }
    panic!("no xenstored on this machine: run tests/run once, which downloads one");
}
