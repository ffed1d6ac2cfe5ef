//! Writes a C file that compiles only if each number of `collectors::headers` is that of the system's own
//! headers: `cargo run --example headers -- freebsd|netbsd|linux`. `tests/headers` runs it.

use std::env;
use std::process::ExitCode;

use collectors::headers::{Checked, freebsd, linux, netbsd};

fn main() -> ExitCode {
    let (includes, numbers): (&[&str], &[Checked]) = match env::args().nth(1).as_deref() {
        Some("freebsd") => (freebsd::INCLUDES, freebsd::ALL),
        Some("netbsd") => (netbsd::INCLUDES, netbsd::ALL),
        Some("linux") => (linux::INCLUDES, linux::ALL),
        _ => {
            eprintln!("usage: headers freebsd|netbsd|linux");
            return ExitCode::from(2);
        }
    };
    includes.iter().for_each(|include| println!("#include <{include}>"));
    println!("#include <stddef.h>");
    // With another value each line must be an error, so that the check is known to work.
    println!("#ifndef WRONG_BY\n#define WRONG_BY 0\n#endif");
    for Checked { expression, value } in numbers {
        println!(
            "_Static_assert((unsigned long long)({expression}) == {value}ULL + WRONG_BY, \"{expression}\");"
        );
    }
    ExitCode::SUCCESS
}
