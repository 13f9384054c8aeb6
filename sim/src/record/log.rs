//! `tracing` events raised inside nodes, captured with simulated time, node and step.
//!
//! They are shown by `--log` and never part of the fingerprint: a log line may say anything. The
//! capturing subscriber is installed for the running thread only, and only when the run wants logs,
//! so that a run without them pays nothing.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use crate::time::SimTime;

/// One captured line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When, on the world's clock.
    pub at: SimTime,
    /// How many agenda entries had been worked off.
    pub step: u64,
    /// The node's name.
    pub node: String,
    /// Severity.
    pub level: &'static str,
    /// Message and fields.
    pub text: String,
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>12} #{:<6} {:5} {:<10} {}",
            self.at.to_string(),
            self.step,
            self.level,
            self.node,
            self.text
        )
    }
}

/// Where the run is right now; written by the world, read when a line is raised.
#[derive(Clone, Debug, Default)]
pub(crate) struct Position {
    pub(crate) at: SimTime,
    pub(crate) step: u64,
    pub(crate) node: String,
}

/// Collects lines while the guard it hands out lives.
#[derive(Clone, Default)]
pub(crate) struct LogCapture {
    shared: Arc<Mutex<Captured>>,
}

#[derive(Default)]
struct Captured {
    position: Position,
    lines: Vec<LogLine>,
}

impl LogCapture {
    /// Captures events raised on this thread from now on, until the guard is dropped.
    pub(crate) fn install(&self) -> tracing::subscriber::DefaultGuard {
        let subscriber = tracing_subscriber::registry().with(Capture(self.clone()));
        tracing::subscriber::set_default(subscriber)
    }

    pub(crate) fn place(&self, position: Position) {
        self.shared.lock().position = position;
    }

    pub(crate) fn take(&self) -> Vec<LogLine> {
        std::mem::take(&mut self.shared.lock().lines)
    }
}

struct Capture(LogCapture);

impl<S: Subscriber> Layer<S> for Capture {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // The executor speaks of its own tasks with process-wide ids; that is not the system's log.
        if event.metadata().target().starts_with("madsim") {
            return;
        }
        let mut text = FieldText::default();
        event.record(&mut text);
        let mut captured = self.0.shared.lock();
        let position = captured.position.clone();
        captured.lines.push(LogLine {
            at: position.at,
            step: position.step,
            node: position.node,
            level: level_name(*event.metadata().level()),
            text: text.message + &text.fields,
        });
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARN",
        Level::INFO => "INFO",
        Level::DEBUG => "DEBUG",
        Level::TRACE => "TRACE",
    }
}

#[derive(Default)]
struct FieldText {
    message: String,
    fields: String,
}

impl Visit for FieldText {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let written = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            write!(self.fields, " {}={value:?}", field.name())
        };
        written.expect("writing into a String cannot fail");
    }
}
