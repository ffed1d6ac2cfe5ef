//! xenstored's trace: the guest's writes and removals, in order.
//!
//! A request is `IN 0x55d0c0ffee 20260131 12:34:56 WRITE (attr/name value)`, from Xen 4.20 on
//! `io: IN 0x55d0c0ffee (d1) 20260131 12:34:56 WRITE (attr/name value)`; a NUL ends the path of an
//! `RM` and shows as a space. The guest's paths are relative to its home, dom0's are absolute.

use std::fs;
use std::path::Path;

/// A position in the trace, in bytes.
#[derive(Clone, Copy)]
pub struct TracePosition(usize);

pub fn mark(trace: &Path) -> TracePosition {
    TracePosition(fs::metadata(trace).unwrap().len() as usize)
}

/// The guest's changes since the mark: `write PATH = VALUE` and `rm PATH`.
pub fn changes_since(trace: &Path, mark: TracePosition) -> Vec<String> {
    let bytes = fs::read(trace).unwrap();
    let text = String::from_utf8_lossy(bytes.get(mark.0..).unwrap_or_default()).into_owned();
    // A value may contain line ends: only a line that starts with one of these words begins a record.
    let mut records: Vec<String> = Vec::new();
    for line in text.lines() {
        match records.last_mut() {
            Some(last) if !is_record(line) => {
                last.push('\n');
                last.push_str(line);
            }
            _ => records.push(line.into()),
        }
    }
    records.iter().filter_map(|record| change(record)).collect()
}

fn is_record(line: &str) -> bool {
    ["IN 0x", "OUT 0x", "io: ", "obj: ", "wrl: ", "WATCH_EVENT ", "CREATE ", "DESTROY "]
        .iter()
        .any(|head| line.starts_with(head))
}

fn change(record: &str) -> Option<String> {
    let request = record.strip_prefix("io: ").unwrap_or(record).strip_prefix("IN ")?;
    let (_connection, request) = request.split_once(' ')?;
    let (date, rest) = request.split_once(' ')?;
    let request = if date.starts_with("(d") { rest } else { request };
    let (kind, body) = request.splitn(3, ' ').nth(2)?.split_once(" (")?;
    let (body, _) = body.rsplit_once(')')?;
    let (path, value) = body.split_once(' ').unwrap_or((body, ""));
    match kind {
        _ if path.starts_with('/') => None,
        "WRITE" => Some(format!("write {path} = {value}")),
        "RM" => Some(format!("rm {path}")),
        "MKDIR" | "SET_PERMS" | "TRANSACTION_START" | "TRANSACTION_END" => {
            Some(format!("{kind} {body}"))
        }
        _ => None,
    }
}
