//! Libraries that are preloaded into a program, built from `shim/` once for all tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::Mutex;

/// The library of this name, made of these sources.
pub fn library(name: &str, sources: &[&str]) -> PathBuf {
    static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let build = || {
        let shim = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/harness/shim");
        let made =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.so", process::id()));
        let library = made.with_file_name(format!("{name}.so"));
        let mut cc = Command::new("cc");
        cc.args(["-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o"]).arg(&made);
        cc.args(sources.iter().map(|source| shim.join(source))).arg("-ldl");
        assert!(cc.status().unwrap().success(), "cc could not build {name}");
        // A rename: another process may use or build the same library.
        fs::rename(made, &library).unwrap();
        library
    };
    BUILT.lock().unwrap().entry(name.into()).or_insert_with(build).clone()
}
