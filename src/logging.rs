//! The log: to syslog, or to standard error where asked or where there is no syslog.
//!
//! Logging never fails and never waits, not for a log daemon that hangs or a terminal that is stopped:
//! a line that cannot be written at once is lost.
//! syslog is opened again when it was restarted; the time of a line is syslog's to tell.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::process;
use std::sync::{Mutex, PoisonError};

use log::{Level, LevelFilter, Record};
use syslog::{Facility, LogFormat, Logger, LoggerBackend, Severity};

/// What a pipe with any room takes without waiting for more (`PIPE_BUF` in `linux/limits.h`), in bytes.
const AT_ONCE: usize = 4096;

/// Where lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The system's log daemon.
    Syslog,
    /// Standard error.
    Stderr,
}

/// What to log: a level, and levels for parts of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filters {
    all: LevelFilter,
    parts: Vec<(String, LevelFilter)>,
}

impl Default for Filters {
    fn default() -> Self {
        Self { all: LevelFilter::Info, parts: Vec::new() }
    }
}

impl Filters {
    /// Reads `debug` or `info,publishers=trace,collectors::network=debug`; `None` if it is neither.
    /// As with env_logger, parts without a level for all the rest leave the rest at `error`.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut all, mut parts) = (None, Vec::new());
        for filter in text.split(',').map(str::trim) {
            match filter.split_once('=') {
                Some((part, level)) if !part.is_empty() => {
                    parts.push((part.to_owned(), level.parse().ok()?))
                }
                Some(_) => return None,
                None => all = Some(filter.parse().ok()?),
            }
        }
        Some(Self { all: all.unwrap_or(LevelFilter::Error), parts })
    }
}

/// Starts the log; says where lines go.
pub fn start(to_stderr: bool, filters: &Filters) -> Target {
    let syslog = if to_stderr { None } else { Some(open_syslog()) };
    let (target, missing) = match &syslog {
        Some(Ok(_)) => (Target::Syslog, None),
        Some(Err(error)) => (Target::Stderr, Some(error.to_string())),
        None => (Target::Stderr, None),
    };
    let output = match syslog {
        Some(Ok(logger)) => syslog_output(logger),
        _ => stderr_output(),
    };
    let mut dispatch = fern::Dispatch::new().level(filters.all);
    for (part, level) in &filters.parts {
        dispatch = dispatch.level_for(part.clone(), *level);
    }
    // Fails only where a log was started before: there is one then.
    let _ = dispatch.chain(output).apply();
    if let Some(error) = missing {
        log::warn!("no syslog ({error}); logging to standard error");
    }
    target
}

fn stderr_output() -> fern::Output {
    let journal = is_journal();
    fern::Output::call(move |record: &Record<'_>| {
        let mark =
            if journal { format!("<{}>", severity(record.level()) as u8) } else { String::new() };
        let level = record.level().as_str().to_ascii_lowercase();
        let line = format!("{mark}{level}: {}\n", record.args());
        let mut stderr = io::stderr().lock();
        if collectors::poll::is_writable(stderr.as_raw_fd()) {
            let _ = stderr.write(line.as_bytes().get(..AT_ONCE).unwrap_or(line.as_bytes()));
        }
    })
}

/// syslog's socket, which loses a line rather than wait for a daemon that does not read.
fn open_syslog() -> syslog::Result<Logger<LoggerBackend, Format>> {
    let logger = syslog::unix(Format)?;
    match &logger.backend {
        LoggerBackend::Unix(socket) => {
            socket.set_nonblocking(true).map_err(syslog::Error::Write)?
        }
        LoggerBackend::UnixStream(stream) => {
            stream.get_ref().set_nonblocking(true).map_err(syslog::Error::Write)?;
        }
        _ => {}
    }
    Ok(logger)
}

/// Whether standard error is the journal's, which takes the level from a number in front of the line
/// (sd-daemon(3)). The variable alone says little: children inherit it (systemd.exec(5)).
fn is_journal() -> bool {
    let stream = |file: fs::Metadata| format!("{}:{}", file.dev(), file.ino());
    let stderr = fs::metadata("/proc/self/fd/2").map(stream).ok();
    stderr.is_some() && stderr == env::var("JOURNAL_STREAM").ok()
}

fn syslog_output(logger: Logger<LoggerBackend, Format>) -> fern::Output {
    let logger = Mutex::new(logger);
    fern::Output::call(move |record: &Record<'_>| {
        let mut logger = logger.lock().unwrap_or_else(PoisonError::into_inner);
        if write(&mut logger, record).is_err_and(|error| !is_full(&error)) {
            if let Ok(again) = open_syslog() {
                *logger = again;
                let _ = write(&mut logger, record);
            }
        }
    })
}

fn is_full(error: &syslog::Error) -> bool {
    matches!(error, syslog::Error::Write(error) if error.kind() == io::ErrorKind::WouldBlock)
}

fn write(logger: &mut Logger<LoggerBackend, Format>, record: &Record<'_>) -> syslog::Result<()> {
    Format.format(&mut logger.backend, severity(record.level()), record.args())
}

fn severity(level: Level) -> Severity {
    match level {
        Level::Error => Severity::LOG_ERR,
        Level::Warn => Severity::LOG_WARNING,
        Level::Info => Severity::LOG_INFO,
        Level::Debug | Level::Trace => Severity::LOG_DEBUG,
    }
}

/// A line as syslog(3) sends it, without a time: the daemon knows the time and its zone better.
#[derive(Clone, Copy, Debug)]
struct Format;

impl<T: std::fmt::Display> LogFormat<T> for Format {
    fn format<W: Write>(&self, to: &mut W, severity: Severity, line: T) -> syslog::Result<()> {
        let priority = Facility::LOG_DAEMON as u8 | severity as u8;
        write!(to, "<{priority}>xen-guest-agent[{}]: {line}", process::id())
            .map_err(syslog::Error::Write)
    }
}
