//! Runs the real `proveniq`, built in the profile of these tests.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// What a call of the program came to.
pub(crate) struct Called {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Calls the program, without a terminal, in the tests' folder.
pub(crate) fn proveniq(arguments: &[&str]) -> Called {
    proveniq_with(arguments, |command| command)
}

/// Calls the program prepared in some way.
pub(crate) fn proveniq_with(
    arguments: &[&str],
    prepare: impl FnOnce(&mut Command) -> &mut Command,
) -> Called {
    let mut command = Command::new(binary());
    command
        .args(arguments)
        .stdin(Stdio::null())
        .env_remove("RUST_BACKTRACE");
    let output: Output = prepare(&mut command).output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
    Called {
        code: output.status.code().expect("the program exits by itself"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// The program's path. Cargo gives a test only the binaries of its own package, so this builds it,
/// once, beside the test itself. It is built together with the tests, because Cargo then takes the
/// dependencies with the features they have been built with already; alone, everything is built again.
pub(crate) fn binary() -> &'static PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let own = env::current_exe().expect("a test knows its own path");
        let profile = own
            .ancestors()
            .nth(2)
            .expect("a test stands in <profile>/deps");
        let release = profile.file_name().is_some_and(|name| name == "release");
        let mut build = Command::new(env!("CARGO"));
        build.args([
            "build",
            "--quiet",
            "--workspace",
            "--bin",
            "proveniq",
            "--test",
            "promises",
        ]);
        build.args(release.then_some("--release"));
        build.arg("--target-dir").arg(
            profile
                .parent()
                .expect("a profile stands in the target folder"),
        );
        let built = build.status().expect("cargo starts");
        assert!(built.success(), "the program builds");
        profile.join("proveniq")
    })
}
