//! How far a sweep is, for a person at a terminal; nothing at all elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reports::{RunVerdict, SeedLine};

/// A bar on the error output.
pub struct Progress {
    bar: ProgressBar,
    failed: u64,
}

impl Progress {
    /// A bar for so many seeds. It shows nothing unless the error output is a terminal.
    pub fn new(scenario: &str, seeds: u64) -> Progress {
        let form = "{msg} {bar:30} {pos}/{len} seeds, {per_sec}, {eta} left";
        let style = ProgressStyle::with_template(form).expect("the template is well formed");
        let bar = ProgressBar::with_draw_target(Some(seeds), ProgressDrawTarget::stderr());
        bar.set_style(style);
        bar.set_message(scenario.to_owned());
        Progress { bar, failed: 0 }
    }

    /// One more seed is done.
    pub fn count(&mut self, line: &SeedLine) {
        if line.verdict != RunVerdict::Held {
            self.failed += 1;
            let message = format!("{} ({} not held)", line.scenario, self.failed);
            self.bar.set_message(message);
        }
        self.bar.inc(1);
    }

    /// Prints above the bar without tearing it.
    pub fn suspended<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
