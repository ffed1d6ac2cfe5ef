//! Tests with the mounts of this machine.

use super::*;
use crate::disks::mountinfo::parse;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

/// The id of the topmost mount at `point`.
fn mounted(point: &str) -> u32 {
    let table = parse(&fs::read("/proc/self/mountinfo").unwrap());
    let mut at_point = table.iter().filter(|mount| mount.point == point.as_bytes());
    at_point.next_back().unwrap().id
}

fn path(components: &[(&str, u32)]) -> UsagePath {
    let component = |(name, mount_id): &(&str, u32)| Component {
        name: name.as_bytes().to_owned(),
        mount_id: *mount_id,
        device: None,
    };
    UsagePath(components.iter().map(component).collect())
}

fn error_of(root: &Path, components: &[(&str, u32)]) -> Option<i32> {
    Resolver::new(root).read_usage(&path(components)).unwrap_err().raw_os_error()
}

#[test]
fn usage_of_a_mount_is_that_of_its_file_system() {
    let root = Resolver::new(Path::new("/"));
    let usage = root.read_usage(&UsagePath::default()).unwrap();
    assert!(usage.total >= usage.free && usage.free > 0, "{usage:?}");
    assert_eq!(root.read_usage(&path(&[("proc", mounted("/proc"))])).unwrap().total, 0);
}

#[test]
fn another_mount_in_the_path_is_estale() {
    let (root, proc) = (mounted("/"), mounted("/proc"));
    assert_eq!(error_of(Path::new("/"), &[("proc", root)]), Some(libc::ESTALE));
    assert_eq!(error_of(Path::new("/"), &[("proc", root), ("self", proc)]), Some(libc::ESTALE));
}

// The kernel may give the id of a removed mount to a new one.
#[test]
fn another_file_system_in_a_mount_of_the_same_id_is_estale() {
    let mut path = path(&[("proc", mounted("/proc"))]);
    path.0[0].device = Some(DevNum { major: 202, minor: 1 });
    let error = Resolver::new(Path::new("/")).read_usage(&path).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ESTALE));
}

#[test]
fn device_of_a_descriptor_is_that_of_stat() {
    let file = File::open("/proc").unwrap();
    let number = fs::metadata("/proc").unwrap().dev();
    let (major, minor) = (libc::major(number), libc::minor(number));
    assert_eq!(device(file.as_fd()), Some(DevNum { major, minor }));
}

#[test]
fn link_in_the_path_is_not_followed() {
    let directory = std::env::temp_dir().join(format!("xga-statvfs-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    symlink("/proc", directory.join("link")).unwrap();
    let id = mount_id(Resolver::new(&directory).root().unwrap()).unwrap();
    let error = error_of(&directory, &[("link", id), ("self", mounted("/proc"))]);
    fs::remove_dir_all(&directory).unwrap();
    assert_eq!(error, Some(libc::ENOTDIR));
}

// tmpfs has handles, `/proc` has none.
#[test]
fn mount_id_of_a_handle_is_that_of_fdinfo() {
    let file = File::open("/dev/shm").unwrap();
    assert_eq!(handle_mount_id(file.as_raw_fd()).unwrap(), mount_id(file.as_fd()).unwrap());
    let proc = File::open("/proc").unwrap();
    let error = handle_mount_id(proc.as_raw_fd()).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EOPNOTSUPP));
}
