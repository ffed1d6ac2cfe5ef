//! xen-guest-agent: reports the state of a Xen guest to its host.
//!
//! `main` parses the command line and starts the log. [`agent`] runs collectors and publisher; [`withdraw`]
//! removes the published keys; [`check`] says why a host does not show them.

mod agent;
mod check;
mod command_line;
mod control;
mod logging;
mod sandbox;
mod service_manager;
mod withdraw;

use std::env;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use command_line::{Command, Destination, Options};
use logging::Target;

fn main() -> ExitCode {
    // No option accepts bytes that are not UTF-8: they become replacement characters and are rejected.
    let text = |text: OsString| text.to_string_lossy().into_owned();
    match command_line::parse(env::args_os().skip(1).map(text), |name| env::var_os(name).map(text))
    {
        Ok(Command::Run(options)) => {
            logged(&options, false, |log| agent::run(&options, false, log))
        }
        Ok(Command::Once(options)) => {
            logged(&options, false, |log| agent::run(&options, true, log))
        }
        Ok(Command::Withdraw(options)) => {
            logged(&options, true, |log| withdraw::run(&options, log))
        }
        Ok(Command::Check(options, check)) => {
            // What is found is all that it says: collectors log only where `--loglevel` asks for it.
            let log = logging::start(true, &options.filters);
            exit_code(check::run(&options, &check, log))
        }
        Ok(Command::Print(text)) => exit_code(print(&format!("{text}\n")).map(|()| true)),
        Err(error) => {
            let _ = writeln!(
                io::stderr(),
                "error: {error}\nRun xen-guest-agent --help for the options."
            );
            ExitCode::from(2)
        }
    }
}

/// Prints on standard output. A reader that has closed the pipe has read what it wanted.
fn print(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(io::Error::other(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

fn exit_code(done: io::Result<bool>) -> ExitCode {
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Starts the log and runs. A user who looks at the keys on a terminal also needs the log there, and so does one who
/// removes a package (`to_stderr`).
fn logged<E: Display>(
    options: &Options,
    to_stderr: bool,
    run: impl FnOnce(Target) -> Result<(), E>,
) -> ExitCode {
    let to_stderr = to_stderr || options.stderr || options.destination == Destination::Stdout;
    let log = logging::start(to_stderr, &options.filters);
    let Err(error) = run(log) else { return ExitCode::SUCCESS };
    log::error!("{error}");
    if log != Target::Stderr {
        let line = format!("error: {error}");
        let _ = writeln!(io::stderr(), "{}", logging::one_line(&line, logging::MAX_LINE));
    }
    ExitCode::FAILURE
}
