//! Linux: poll(2) tells of a changed table of mounts or swaps; statvfs(3) how full a file system is.
//!
//! Devices are looked up when the mounts that count have changed, not when one of a thousand others
//! has. In between only the figures are sampled, with one system call a file system.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use facts::{Disks, Event, Outbox};
use log::warn;

use super::fs_usage::FsUsage;
use super::mount_tree::{self, VolumeMount};
use super::swaps::{self, Swap};
use super::volumes::{MAX_VOLUMES, TrackedVolume, find_volumes};
use super::{MOUNTINFO, SWAPS, mountinfo};
use crate::bounded_read;
use crate::failure_log::FailureLog;
use crate::poll::{PollSource, WakeReason, WakeReceiver};

/// How long to wait after a change for those that come with it.
const CALM: Duration = Duration::from_millis(100);
/// When to look once more after a change: udev writes down what it finds on a device while that is
/// being mounted, or a moment later.
const UDEV_DELAY: Duration = Duration::from_secs(2);
/// What the kernel gives of a table with one read, in bytes.
const PAGE: usize = 4096;
/// More than any table of mounts, in bytes.
const LONGEST: u64 = 32 * 1024 * 1024;

/// Sends the volumes of the system below `root` at once, after each change, and every `interval` if
/// they have become fuller or emptier, until the end.
pub fn run(wake: &WakeReceiver, outbox: &Outbox, root: &Path, interval: Duration) {
    let mut volumes = Volumes::new(outbox, root, statvfs);
    volumes.look_up();
    let mut again = true;
    loop {
        let pause = if again { UDEV_DELAY.min(interval) } else { interval };
        again = match volumes.wait(wake, pause) {
            WakeReason::Shutdown => return,
            WakeReason::Refresh => {
                volumes = Volumes::new(outbox, root, statvfs);
                volumes.look_up();
                true
            }
            WakeReason::Ready => {
                volumes.look_up();
                true
            }
            WakeReason::Timeout if again => {
                volumes.look_up();
                false
            }
            WakeReason::Timeout => volumes.sample(),
        };
    }
}

/// Tells how full the file system at a path is.
type Statvfs = fn(&Path) -> io::Result<FsUsage>;

/// The volumes, as they were found and as they were sent.
struct Volumes<'a> {
    outbox: &'a Outbox,
    root: &'a Path,
    statvfs: Statvfs,
    mounts: Table,
    swaps: Table,
    failures: FailureLog,
    devices: FailureLog,
    fullness: FailureLog,
    told_cut: bool,
    /// What they were made of.
    found: (Vec<VolumeMount>, Vec<Swap>),
    known: Vec<TrackedVolume>,
    /// The room that each file system had in all when it was asked last.
    totals: Vec<Option<u64>>,
    sent: Option<Disks>,
}

impl<'a> Volumes<'a> {
    fn new(outbox: &'a Outbox, root: &'a Path, statvfs: Statvfs) -> Self {
        Self {
            outbox,
            root,
            statvfs,
            mounts: Table::new(root, MOUNTINFO),
            swaps: Table::new(root, SWAPS),
            failures: FailureLog::new("disks"),
            devices: FailureLog::new("disks: devices"),
            fullness: FailureLog::new("disks: fullness"),
            told_cut: false,
            found: Default::default(),
            known: Vec::new(),
            totals: Vec::new(),
            sent: None,
        }
    }

    /// Sleeps until mounts that count, or swaps, have changed, or for another reason.
    fn wait(&mut self, wake: &WakeReceiver, pause: Duration) -> WakeReason {
        let due = Instant::now() + pause;
        let tables = [&self.mounts, &self.swaps];
        let changes: Vec<PollSource> = tables.into_iter().filter_map(Table::change).collect();
        loop {
            let woken = wake.wait(&changes, Some(due.saturating_duration_since(Instant::now())));
            if woken != WakeReason::Ready {
                return woken;
            }
            // The event is gone with the poll; of a flood of them only so many are looked at.
            match wake.wait(&[], Some(CALM)) {
                WakeReason::Timeout if self.has_changed() => return WakeReason::Ready,
                WakeReason::Timeout => {}
                other => return other,
            }
        }
    }

    fn has_changed(&mut self) -> bool {
        let found = self.read_tables();
        found.is_some_and(|(places, swaps)| {
            let paths =
                |swaps: &[Swap]| swaps.iter().map(|swap| swap.path.clone()).collect::<Vec<_>>();
            places != self.found.0 || paths(&swaps) != paths(&self.found.1)
        })
    }

    fn read_tables(&mut self) -> Option<(Vec<VolumeMount>, Vec<Swap>)> {
        let mounts = self.failures.record(self.mounts.read())?;
        Some((mount_tree::of(&mountinfo::parse(&mounts)), self.read_swaps()))
    }

    /// A kernel may be without swap.
    fn read_swaps(&mut self) -> Vec<Swap> {
        swaps::parse(&self.swaps.read().unwrap_or_default())
    }

    /// Finds out which volumes there are now, and sends them if they differ from what was sent.
    fn look_up(&mut self) {
        let Some(found) = self.read_tables() else { return };
        let laid_out =
            bounded_read::check_fd_exhaustion(|| find_volumes(self.root, &found.0, &found.1));
        let Some(known) = self.devices.record(laid_out) else {
            // To be looked up with the next sample.
            return self.sent = None;
        };
        (self.found, self.known) = (found, known);
        if self.known.len() > MAX_VOLUMES && !std::mem::replace(&mut self.told_cut, true) {
            warn!("disks: of {} volumes the first {MAX_VOLUMES} are told", self.known.len());
        }
        self.known.truncate(MAX_VOLUMES);
        self.totals = self.ask();
        self.send();
    }

    /// Asks how full the volumes are, and sends them if that has changed; whether one was resized, which
    /// nothing else tells.
    fn sample(&mut self) -> bool {
        if self.sent.is_none() {
            self.look_up();
            return false;
        }
        if !self.found.1.is_empty() {
            self.found.1 = self.read_swaps();
        }
        let totals = self.ask();
        self.send();
        totals != std::mem::replace(&mut self.totals, totals.clone())
    }

    /// Asks each file system that can be asked; what it has room for in all.
    fn ask(&mut self) -> Vec<Option<u64>> {
        let (mut totals, mut failure) = (Vec::with_capacity(self.known.len()), None);
        for volume in &mut self.known {
            let asked = volume.ask.as_deref().map(|path| (path, (self.statvfs)(path)));
            let figures = asked.and_then(|(path, figures)| {
                figures.map_err(|error| failure = Some(format!("{}: {error}", path.display()))).ok()
            });
            totals.push(figures.map(|figures| figures.total));
            volume.take(figures, &self.found.1);
        }
        self.fullness.record(failure.map_or(Ok(()), Err));
        totals
    }

    fn send(&mut self) {
        let disks = Disks { volumes: self.known.iter().map(|known| known.fact.clone()).collect() };
        if self.sent.as_ref() != Some(&disks) {
            self.outbox.send(Event::Disks(disks.clone()));
            self.sent = Some(disks);
        }
    }
}

/// A table of the kernel's, kept open: its changes are told to whom has it open.
struct Table {
    path: PathBuf,
    open: Option<File>,
}

impl Table {
    fn new(root: &Path, path: &str) -> Self {
        let path = root.join(path);
        Self { open: File::open(&path).ok(), path }
    }

    fn change(&self) -> Option<PollSource> {
        self.open.as_ref().map(|file| PollSource::PollPri(file.as_raw_fd()))
    }

    fn read(&mut self) -> io::Result<Vec<u8>> {
        // Room at once for most: without it there would be a dozen reads.
        let mut text = Vec::with_capacity(PAGE);
        let file = match &mut self.open {
            Some(file) => file,
            None => self.open.insert(File::open(&self.path)?),
        };
        let read = file.rewind().and_then(|()| file.take(LONGEST).read_to_end(&mut text));
        read.map(|_| text).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", self.path.display()))
        })
    }
}

#[allow(clippy::unnecessary_cast, reason = "32-bit systems have other types")]
#[allow(unsafe_code, reason = "a system call")]
fn statvfs(path: &Path) -> io::Result<FsUsage> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let mut figures = MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: `path` ends with a NUL, and there is room for one `statvfs` at the other pointer.
    let done = unsafe { libc::statvfs(path.as_ptr(), figures.as_mut_ptr()) };
    if done != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a call that succeeds has written all of it.
    let figures = unsafe { figures.assume_init() };
    let unit = figures.f_frsize as u64;
    let bytes = |blocks| unit.saturating_mul(blocks);
    Ok(FsUsage { total: bytes(figures.f_blocks as u64), free: bytes(figures.f_bavail as u64) })
}

#[cfg(test)]
mod tests;
