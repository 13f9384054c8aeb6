//! Lends grading the real `promtool`, as a process with a bound of time.
//!
//! It is looked for in `PROVENIQ_PROMTOOL`, or where Debian puts it. Rules are a learner's: what takes too long is stopped.

#![expect(
    clippy::disallowed_methods,
    reason = "a process of this machine is waited for, outside any simulation"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use grading::detection::{RuleTool, ToolSaid};

/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where Debian puts it.
const USUAL: &str = "/usr/bin/promtool";

/// The tool.
pub struct Promtool(PathBuf);

static CALLS: AtomicU32 = AtomicU32::new(0);

impl Promtool {
    /// The tool, wherever it is said to be.
    pub fn of_this_machine() -> Promtool {
        let named = std::env::var_os("PROVENIQ_PROMTOOL").map(PathBuf::from);
        Promtool(named.unwrap_or_else(|| PathBuf::from(USUAL)))
    }

    fn call(&self, files: &[(&str, &str)], arguments: &[&str]) -> Result<ToolSaid, String> {
        let number = CALLS.fetch_add(1, Ordering::Relaxed);
        let name = format!("proveniq-rules-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let said = self.call_in(&folder, files, arguments);
        // What is left of a folder in the machine's place for such things harms nobody.
        let _ = fs::remove_dir_all(&folder);
        said
    }

    fn call_in(
        &self,
        folder: &Path,
        files: &[(&str, &str)],
        arguments: &[&str],
    ) -> Result<ToolSaid, String> {
        let told = |error: std::io::Error| format!("promtool cannot be called: {error}");
        if !self.0.exists() {
            return Err(format!(
                "there is no {}: install Prometheus 2, or set PROVENIQ_PROMTOOL",
                self.0.display()
            ));
        }
        fs::create_dir(folder).map_err(told)?;
        for (name, text) in files {
            fs::write(folder.join(name), text).map_err(told)?;
        }
        let child = Command::new(&self.0)
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(told)?;
        wait(child).map_err(told)
    }
}

fn wait(mut child: Child) -> std::io::Result<ToolSaid> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(match status.success() {
                true => ToolSaid::Holds,
                false => ToolSaid::Fails(format!("promtool ended with {status}")),
            });
        }
        if began.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Ok(ToolSaid::Fails("promtool took too long".to_owned()));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl RuleTool for Promtool {
    fn check(&self, rules: &str) -> Result<ToolSaid, String> {
        self.call(&[("rules.json", rules)], &["check", "rules", "rules.json"])
    }

    fn test(&self, rules: &str, test: &str) -> Result<ToolSaid, String> {
        self.call(
            &[("rules.json", rules), ("test.json", test)],
            &["test", "rules", "test.json"],
        )
    }
}
