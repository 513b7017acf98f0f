//! The `rookery` program: everything it does lives in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    rookery::cli::parse().run()
}
