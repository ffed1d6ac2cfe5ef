//! Libraries that are preloaded into a program, built from `shim/` once for all tests. The agent may be a static
//! binary, which loads none: `tests/run --static` leaves out the tests whose names contain [`MARK`].

use super::Scratch;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// Is in the name of each test that preloads a library into the agent.
const MARK: &str = "_preloaded";

/// Whether the agent loads libraries. Another one than cargo's may be static.
pub fn can_preload() -> bool {
    std::env::var_os("AGENT_UNDER_TEST").is_none()
}

/// Has the agent of this command load the library of this name, made of these sources.
pub fn preload(command: &mut Command, name: &str, sources: &[&str]) {
    let test = std::thread::current();
    // With `--test-threads=1` it is the main thread.
    let test = test.name().filter(|name| *name != "main").unwrap_or(MARK);
    assert!(test.contains(MARK), "a static binary cannot run {test}: {MARK:?} must be in its name");
    assert!(can_preload(), "tests/run --static leaves out the tests that preload a library");
    command.env("LD_PRELOAD", library(name, sources));
}

/// The library of this name, made of these sources.
pub fn library(name: &str, sources: &[&str]) -> PathBuf {
    static BUILT: Mutex<BTreeMap<String, Scratch>> = Mutex::new(BTreeMap::new());
    let file = |scratch: &Scratch| scratch.path().join(format!("{name}.so"));
    let build = || {
        let shim = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/harness/shim");
        let scratch = Scratch::new();
        let mut cc = Command::new("cc");
        cc.args(["-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o"]).arg(file(&scratch));
        cc.args(sources.iter().map(|source| shim.join(source))).arg("-ldl");
        assert!(cc.status().unwrap().success(), "cc could not build {name}");
        scratch
    };
    file(BUILT.lock().unwrap().entry(name.into()).or_insert_with(build))
}
