//! The log: to syslog, or to standard error if an option says so or there is no syslog.
//!
//! A record is always one line. It may contain mount points, interface names and the host's replies; a user or
//! host that chose these must not be able to forge another line. Logging never fails and never waits: a line
//! that cannot be written at once is lost.

mod syslog_socket;

use std::env;
use std::fmt::{Display, Write as _};
use std::fs;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;

use log::{Level, LevelFilter, Record};
use syslog::Severity;

use syslog_socket::SyslogSocket;

/// The longest line with its line feed, in bytes: so many can be written to a pipe with free space without
/// waiting (`PIPE_BUF` in `linux/limits.h`).
pub const MAX_LINE: usize = 4096;

/// Where lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The system's log daemon, which listens on a datagram socket.
    Syslog,
    /// A log daemon that listens on a stream socket.
    SyslogStream,
    /// Standard error.
    Stderr,
}

/// What to log: a level, and levels for parts of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filters {
    all: LevelFilter,
    parts: Vec<(String, LevelFilter)>,
    /// What is neither a level nor a part with one, which may be meant for another program.
    pub unknown: Vec<String>,
}

/// The crates that log. Their modules are parts too.
const CRATES: [&str; 4] = ["collectors", "neli", "publishers", "xen_guest_agent"];

/// What [`Filters::parse`] accepts.
pub const ACCEPTED: &str = "off, error, warn, info, debug, trace, or a list such as \
                            info,publishers=trace of collectors, neli, publishers, xen_guest_agent";

impl Filters {
    /// This level for all parts.
    pub fn of(all: LevelFilter) -> Self {
        Self { all, parts: Vec::new(), unknown: Vec::new() }
    }

    /// Parses `debug` or `info,publishers=trace,collectors::network=debug`. As in env_logger, the level of all other
    /// parts is `error` if there is only one for some. It is `usual` if there is none at all.
    pub fn parse(text: &str, usual: LevelFilter) -> Self {
        let (mut all, mut parts, mut unknown) = (None, Vec::new(), Vec::new());
        for filter in text.split(',').map(str::trim) {
            let (part, level) = match filter.split_once('=') {
                Some((part, level)) => (Some(part), level),
                None => (None, filter),
            };
            match (part, level.parse()) {
                (None, Ok(level)) => all = Some(level),
                (Some(part), Ok(level)) if is_part(part) => parts.push((part.to_owned(), level)),
                _ => unknown.push(filter.to_owned()),
            }
        }
        let others = if parts.is_empty() { usual } else { LevelFilter::Error };
        Self { all: all.unwrap_or(others), parts, unknown }
    }
}

fn is_part(part: &str) -> bool {
    part.split("::").next().is_some_and(|name| CRATES.contains(&name))
}

/// Starts the log and returns where lines go. What is unknown in the filters is that of `RUST_LOG`: in the option it is an
/// error.
pub fn start(to_stderr: bool, filters: &Filters) -> Target {
    let syslog = (!to_stderr).then(SyslogSocket::open);
    let (target, output, error) = match syslog {
        Some(Ok(socket)) => (socket.target(), socket.into_output(), None),
        Some(Err(error)) => (Target::Stderr, stderr_output(), Some(error)),
        None => (Target::Stderr, stderr_output(), None),
    };
    let mut dispatch = fern::Dispatch::new().level(filters.all);
    for (part, level) in &filters.parts {
        dispatch = dispatch.level_for(part.clone(), *level);
    }
    // Fails only if a log was started before, which is used then.
    let _ = dispatch.chain(output).apply();
    if let Some(error) = error {
        log::warn!("log: no syslog ({error}); logging to standard error");
    }
    for word in &filters.unknown {
        log::warn!("RUST_LOG: {word:?} is ignored: not one of {ACCEPTED}");
    }
    target
}

/// The message as one line without its line feed, of at most so many bytes. Control characters, line
/// separators and characters that change the direction of text are shown as escapes, as `\n` and
/// `\u{1b}`.
pub fn one_line(message: &impl Display, max: usize) -> String {
    let mut line = OneLine(String::new());
    // Writing to a String does not fail.
    let _ = write!(line, "{message}");
    let mut line = line.0;
    let end = (0..=max.min(line.len())).rev().find(|&end| line.is_char_boundary(end));
    line.truncate(end.unwrap_or_default());
    line
}

struct OneLine(String);

impl std::fmt::Write for OneLine {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for c in text.chars() {
            if is_unsafe(c) {
                self.0.extend(c.escape_default());
            } else {
                self.0.push(c);
            }
        }
        Ok(())
    }
}

/// Whether the character may act on a terminal, or make other characters look as they are not.
pub fn is_unsafe(c: char) -> bool {
    let is_separator = matches!(c, '\u{2028}' | '\u{2029}');
    // The bidirectional formatting characters of Unicode Standard Annex 9.
    let is_direction = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || is_separator || is_direction
}

fn stderr_output() -> fern::Output {
    let journal = is_journal();
    fern::Output::call(move |record: &Record<'_>| {
        let level = record.level();
        let mark = if journal { format!("<{}>", severity(level) as u8) } else { String::new() };
        let name = level.as_str().to_ascii_lowercase();
        let line = format!("{mark}{name}: {}", record.args());
        let mut line = one_line(&line, MAX_LINE - 1);
        line.push('\n');
        let mut stderr = io::stderr().lock();
        if collectors::poll::is_writable(stderr.as_raw_fd()) {
            let _ = stderr.write(line.as_bytes());
        }
    })
}

/// Whether standard error is the journal's, which reads the level from a number at the start of the line
/// (sd-daemon(3)). The variable alone is not enough: children inherit it (systemd.exec(5)).
fn is_journal() -> bool {
    let stream = |file: fs::Metadata| format!("{}:{}", file.dev(), file.ino());
    let stderr = fs::metadata("/proc/self/fd/2").map(stream).ok();
    stderr.is_some() && stderr == env::var("JOURNAL_STREAM").ok()
}

fn severity(level: Level) -> Severity {
    match level {
        Level::Error => Severity::LOG_ERR,
        Level::Warn => Severity::LOG_WARNING,
        Level::Info => Severity::LOG_INFO,
        Level::Debug | Level::Trace => Severity::LOG_DEBUG,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_feeds_escapes_and_direction_marks_are_shown_as_escapes() {
        let name = "a\nb\x1b[2Jc\u{85}d\u{2028}e\u{202e}f\u{2069}g\0";
        let shown = r"a\nb\u{1b}[2Jc\u{85}d\u{2028}e\u{202e}f\u{2069}g\u{0}";
        assert_eq!(one_line(&name, MAX_LINE), shown);
        assert_eq!(one_line(&"Grüße, 日本 \\n", MAX_LINE), "Grüße, 日本 \\n");
    }

    #[test]
    fn long_line_is_cut_between_characters() {
        assert_eq!(one_line(&"äää", 5), "ää");
        assert_eq!(one_line(&"\n".repeat(3000), MAX_LINE - 1).len(), MAX_LINE - 1);
    }
}
