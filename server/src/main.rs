//! The program `maskarad`: maps the outcome of a command to an exit code. Everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    match maskarad::cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if maskarad::cli::hung_up(&error) => ExitCode::from(141),
        Err(error) => {
            eprintln!("maskarad: {}", maskarad::cli::sentence(&error));
            ExitCode::FAILURE
        }
    }
}
