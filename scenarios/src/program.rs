//! The program: arguments in, exit code out.
//!
//! Here and nowhere else errors become messages, and panics of the program itself become an
//! internal error instead of Rust's own exit code, which a script could take for a violated check.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;

use clap::Parser;

use crate::args::Arguments;
use crate::commands;
use crate::exit_code::{Conclusion, ExitCode};
use crate::output;

/// Runs the program on the arguments of this process.
pub fn main() -> process::ExitCode {
    install_panic_hook();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(told) => return tell_usage(&told),
    };
    let result = catch_unwind(AssertUnwindSafe(|| commands::execute(arguments.command)));
    // The hook has told it already.
    let result = result.unwrap_or(Ok(Conclusion::RunAborted));
    if let Err(failure) = &result {
        output::tell(&format!("error: {failure}\n"));
    }
    process::ExitCode::from(ExitCode::of(&result).number())
}

/// Help and version are told too, and are no errors.
fn tell_usage(told: &clap::Error) -> process::ExitCode {
    // Nobody may be reading any more.
    let _ = told.print();
    let code = match told.use_stderr() {
        true => ExitCode::Usage,
        false => ExitCode::Held,
    };
    process::ExitCode::from(code.number())
}

fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        let message = info.payload_as_str().unwrap_or("(no message)");
        let place = info.location().map(ToString::to_string);
        output::tell(&format!(
            "internal error: {message} ({})\n  this is a bug of proveniq, not of what it runs: please report it with the command\n",
            place.unwrap_or_default()
        ));
    }));
}
