//! A reference library as a process that answers cases.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// The libraries there are, by the names under which they are published.
#[derive(Clone, Copy, Debug)]
pub enum Library {
    /// `standardwebhooks` of PyPI.
    Python,
    /// A package of npm.
    Node(&'static str),
}

/// All of them.
pub const LIBRARIES: [Library; 3] = [
    Library::Python,
    Library::Node("standardwebhooks"),
    Library::Node("svix"),
];

/// Where they are installed, or why they are not. It is tried once for all tests.
pub fn installed() -> Result<&'static Path, &'static str> {
    static INSTALLED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let installed = INSTALLED.get_or_init(install);
    installed.as_deref().map_err(String::as_str)
}

fn install() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("webhook-peers");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.ci/webhook-peers");
    let output = Command::new(&script).arg(&folder).output();
    let output = output.map_err(|error| format!("{}: {error}", script.display()))?;
    if output.status.success() {
        return Ok(folder);
    }
    let told = String::from_utf8_lossy(&output.stderr);
    let last = told.lines().last().unwrap_or("it said nothing");
    Err(format!("the libraries could not be installed: {last}"))
}

impl Library {
    /// Puts cases to it; gives its answers, in their order.
    ///
    /// # Panics
    /// When it fails: a case is one that it takes.
    pub fn answers(self, installed: &Path, cases: &[Value]) -> Vec<Value> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("webhooks");
        let mut command = match self {
            Library::Python => {
                let mut command = Command::new(installed.join("python/bin/python"));
                command.arg(here.join("peer.py"));
                command
            }
            Library::Node(package) => {
                let mut command = Command::new("node");
                let modules = installed.join("node");
                command.arg(here.join("peer.cjs")).arg(modules).arg(package);
                command
            }
        };
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = piped.spawn().expect("what was installed can be started");
        let mut input = process.stdin.take().expect("its input is a pipe");
        let text = serde_json::to_vec(cases).expect("cases are JSON");
        input.write_all(&text).expect("it reads its cases");
        drop(input);
        let output = process.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{self:?} failed");
        let answers: Vec<Value> =
            serde_json::from_slice(&output.stdout).expect("its answers are JSON");
        assert_eq!(answers.len(), cases.len(), "{self:?} answers every case");
        answers
    }
}
