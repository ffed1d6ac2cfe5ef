//! Calls statfs(2) on exactly the mount in the table, without a risk to block.
//!
//! A user who owns a directory above a mount point can replace it by a link or by a mount of FUSE after the
//! table was read. A thread that waits for a FUSE daemon cannot be killed. So the path is resolved component
//! by component without following links. Before a descriptor is used, it must be in the expected mount:
//! `/proc/self/fdinfo/N` has its mount (`mnt_id`, Linux 3.15) without a request to the file system, and
//! statx(2) returns its device.
//! The descriptors are `O_PATH`, for which the kernel does not open the file. They are closed at once,
//! since a mount that is in use cannot be unmounted.

use std::cell::OnceCell;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, StatxFlags, fstatfs, openat, statx};

use crate::disks::mount_tree::{Component, UsagePath};
use crate::disks::mountinfo::DevNum;
use crate::disks::tracker::FsUsage;

/// Resolves paths from one root, which it keeps open.
pub struct Resolver {
    path: PathBuf,
    root: OnceCell<OwnedFd>,
}

impl Resolver {
    /// Resolves from `root`. If it cannot be opened now, each use tries again.
    pub fn new(root: &Path) -> Self {
        let resolver = Self { path: root.to_owned(), root: OnceCell::new() };
        let _ = resolver.root();
        resolver
    }

    /// Size and free space of the file system mounted at `path`.
    ///
    /// # Errors
    /// As open(2), openat(2) and fstatfs(2) return them; `ESTALE` if a component is not in the mount that `path`
    /// has for it.
    pub fn read_usage(&self, path: &UsagePath) -> io::Result<FsUsage> {
        let root = self.root()?;
        let mut last: Option<OwnedFd> = None;
        for component in &path.0 {
            let next = open_path(last.as_ref().map_or(root, AsFd::as_fd), &component.name)?;
            if !is_in_mount_of(next.as_fd(), component)? {
                return Err(io::Error::from_raw_os_error(libc::ESTALE));
            }
            last = Some(next);
        }
        statfs(last.as_ref().map_or(root, AsFd::as_fd))
    }

    fn root(&self) -> io::Result<BorrowedFd<'_>> {
        if let Some(root) = self.root.get() {
            return Ok(root.as_fd());
        }
        let root = open_path(CWD, &self.path)?;
        Ok(self.root.get_or_init(|| root).as_fd())
    }
}

/// Not with OpenOptions: its custom_flags ignores the bits of `O_ACCMODE`, which contains `O_PATH` in musl.
fn open_path(directory: BorrowedFd, name: impl rustix::path::Arg) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(directory, name, flags, Mode::empty())?)
}

/// Whether the descriptor is in the expected mount. The kernel may give the id of a removed mount to a new one,
/// so the device is compared too.
fn is_in_mount_of(fd: BorrowedFd, expected: &Component) -> io::Result<bool> {
    let is_same = |expected: DevNum| device(fd).is_none_or(|found| found == expected);
    Ok(mount_id(fd)? == expected.mount_id && expected.device.is_none_or(is_same))
}

/// The device number of the descriptor's file system, without a request to FUSE (since Linux 4.20); `None`
/// before Linux 4.11.
fn device(fd: BorrowedFd) -> Option<DevNum> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
    let stat = statx(fd, c"", flags, StatxFlags::empty()).ok()?;
    Some(DevNum { major: stat.stx_dev_major, minor: stat.stx_dev_minor })
}

/// The id of the mount that the descriptor is in, as in mountinfo.
fn mount_id(fd: BorrowedFd) -> io::Result<u32> {
    let mut buffer = [0; 256];
    let length = File::open(format!("/proc/self/fdinfo/{}", fd.as_raw_fd()))?.read(&mut buffer)?;
    let text = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
    let id = text.lines().find_map(|line| line.strip_prefix("mnt_id:"));
    match id.and_then(|id| id.trim().parse().ok()) {
        Some(id) => Ok(id),
        None => handle_mount_id(fd.as_raw_fd()),
    }
}

/// The same on Linux before 3.15, whose fdinfo has no `mnt_id`. With space for a handle of 0 bytes, the call
/// fails with `EOVERFLOW` and stores the id of the mount. Some file systems have no handles.
#[allow(unsafe_code, reason = "a system call")]
fn handle_mount_id(fd: RawFd) -> io::Result<u32> {
    // `struct file_handle`: `handle_bytes`, `handle_type`.
    let (mut handle, mut id) = ([0_u32; 2], -1_i32);
    let (call, flag) = (libc::SYS_name_to_handle_at, libc::AT_EMPTY_PATH);
    // SAFETY: the path ends with a NUL; the kernel writes 8 bytes to `handle` and 4 to `id`.
    unsafe { libc::syscall(call, fd, c"".as_ptr(), handle.as_mut_ptr(), &raw mut id, flag) };
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EOVERFLOW) => u32::try_from(id).map_err(|_| error),
        _ => Err(error),
    }
}

#[allow(clippy::unnecessary_cast, reason = "the types differ between processors")]
fn statfs(fd: BorrowedFd) -> io::Result<FsUsage> {
    let stat = fstatfs(fd)?;
    // Some file systems leave `f_frsize` 0; statvfs(3) of glibc uses `f_bsize` then.
    let unit = if stat.f_frsize == 0 { stat.f_bsize as u64 } else { stat.f_frsize as u64 };
    let bytes = |blocks: u64| unit.saturating_mul(blocks);
    Ok(FsUsage { total: bytes(stat.f_blocks as u64), free: bytes(stat.f_bavail as u64) })
}

#[cfg(test)]
mod tests;
