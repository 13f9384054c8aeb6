//! Finds and calls the real `promtool`.
//!
//! It is looked for in `PROVENIQ_PROMTOOL`, or where Debian puts it. Version 2 is needed: from
//! version 3 on, the window of `rate()` is open at its left end, and the same scrapes may alert one
//! scrape earlier or later.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The tool.
pub struct Promtool(PathBuf);

/// What a call came to: everything it said, as an error when it refused.
pub type Said = Result<String, String>;

impl Promtool {
    /// The tool; nothing, said loudly, when there is none.
    pub fn find(test: &str) -> Option<Promtool> {
        match Promtool::look() {
            Ok(tool) => Some(tool),
            Err(why) => {
                eprintln!("\n******** {test} DID NOT RUN: {why} ********\n");
                let in_ci = std::env::var("CI").as_deref() == Ok("true");
                assert!(!in_ci, "{test} must run in CI: {why}");
                None
            }
        }
    }

    fn look() -> Result<Promtool, String> {
        let named = std::env::var_os("PROVENIQ_PROMTOOL").map(PathBuf::from);
        let path = named.unwrap_or_else(|| PathBuf::from("/usr/bin/promtool"));
        if !path.exists() {
            return Err(format!(
                "there is no {}; install the Debian package `prometheus`, or set PROVENIQ_PROMTOOL",
                path.display()
            ));
        }
        let tool = Promtool(path);
        let version = tool.call(&["--version"], None)?;
        match version.contains("version 2.") {
            true => Ok(tool),
            false => Err(format!(
                "promtool of Prometheus 2 is needed, this is {version}"
            )),
        }
    }

    /// Calls it, with a file for its standard input if it reads one.
    pub fn call(&self, arguments: &[&str], input: Option<File>) -> Said {
        let output = Command::new(&self.0)
            .args(arguments)
            .stdin(input.map_or_else(Stdio::null, Stdio::from))
            .output()
            .map_err(|error| format!("{}: {error}", self.0.display()))?;
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let said = text(&output.stdout) + &text(&output.stderr);
        match output.status.success() {
            true => Ok(said),
            false => Err(said),
        }
    }
}
