//! Which program wrote something down: its version and, since one version is built many times while the
//! system changes, the build.

use std::hash::{DefaultHasher, Hasher};
use std::sync::OnceLock;

use crate::failure::Failure;

/// This program, such as `0.1.0 (build 5f0c9d31a2b4e687)`. Two builds have different names when anything in
/// them differs, be it the system, a scenario or the compiler.
///
/// # Errors
/// When the program's own file cannot be read, since it was replaced.
pub fn this_program() -> Result<&'static str, Failure> {
    static NAME: OnceLock<String> = OnceLock::new();
    if let Some(name) = NAME.get() {
        return Ok(name);
    }
    let program = std::env::current_exe().and_then(std::fs::read);
    let program = program.map_err(|error| {
        Failure::Temporary(format!(
            "cannot read the program's own file to tell its build: {error}"
        ))
    })?;
    let mut hash = DefaultHasher::new();
    hash.write(&program);
    let version = env!("CARGO_PKG_VERSION");
    Ok(NAME.get_or_init(|| format!("{version} (build {:016x})", hash.finish())))
}
