//! Lends grading the real `promtool`, as a process with bounds of time.
//!
//! It is looked for in `PROVENIQ_PROMTOOL`, or where Debian puts it. Rules are a learner's: what takes too long is stopped, by
//! the processor's time first, so that a busy machine decides nothing. What was stopped has no verdict.

#![expect(
    clippy::disallowed_methods,
    reason = "a process of this machine is waited for, outside any simulation"
)]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use grading::detection::{RuleTool, ToolSaid};

/// How many seconds of the processor one call may take. The slowest sound one takes less than one.
const PROCESSOR_S: u32 = 20;

/// How long one call may take on a machine that gives it less.
const PATIENCE: Duration = Duration::from_secs(180);

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
        if !self.0.exists() {
            return Err(format!(
                "there is no {}: install Prometheus 2, or set PROVENIQ_PROMTOOL",
                self.0.display()
            ));
        }
        let folder = new_folder().map_err(told)?;
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
        for (name, text) in files {
            fs::write(folder.join(name), text).map_err(told)?;
        }
        // The shell bounds itself, and becomes the tool.
        let bounded = format!("ulimit -t {PROCESSOR_S} && exec \"$0\" \"$@\"");
        let child = Command::new("/bin/sh")
            .args(["-c", &bounded])
            .arg(&self.0)
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(told)?;
        wait(child)
    }
}

fn told(error: io::Error) -> String {
    format!("promtool cannot be called: {error}")
}

/// A folder nobody else has: one that was left by a process that was killed keeps its name.
fn new_folder() -> io::Result<PathBuf> {
    loop {
        let number = CALLS.fetch_add(1, Ordering::Relaxed);
        let name = format!("proveniq-rules-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| folder),
        }
    }
}

fn wait(mut child: Child) -> Result<ToolSaid, String> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(told)? {
            return match (status.success(), status.code()) {
                (true, _) => Ok(ToolSaid::Holds),
                (false, Some(_)) => Ok(ToolSaid::Fails(format!("promtool ended with {status}"))),
                // It did not end by itself.
                (false, None) => Err(format!("promtool came to no answer: {status}")),
            };
        }
        if began.elapsed() > PATIENCE {
            child.kill().map_err(told)?;
            child.wait().map_err(told)?;
            return Err("promtool came to no answer in time".to_owned());
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
