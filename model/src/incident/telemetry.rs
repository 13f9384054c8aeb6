//! What an engineer on call sees: figures over time, a log, recent changes. Never the cause itself.
//!
//! A [`Sample`] is taken every fifteen seconds. Rates look back over two minutes, the latency of deliveries over one.

use std::time::Duration;

use sim::SimTime;

use super::cause::CauseKind;

/// How often a sample is taken.
pub const SAMPLE_EVERY: Duration = Duration::from_secs(15);

/// What rates look back over.
pub const WINDOW: Duration = Duration::from_secs(120);

/// What was counted since the run began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Verifications that came to an end by the service.
    pub processed: u64,
    /// Requests for a verification, answered or not.
    pub demanded: u64,
    /// Requests that were answered well.
    pub succeeded: u64,
    /// Requests that failed or were refused.
    pub failed: u64,
    /// Deliveries that were acknowledged.
    pub delivered: u64,
}

/// The figures of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When.
    pub at: SimTime,
    /// Verifications that are still to be done.
    pub queue_depth: u64,
    /// Verifications that came to an end, per minute.
    pub processed_per_min: u64,
    /// Requests for a verification, per minute.
    pub demand_per_min: u64,
    /// Failed requests among all, in hundredths of a percent.
    pub error_basis_points: u64,
    /// Database connections in use since the last sample, on average, of [`CONNECTIONS_MAX`](super::settings::CONNECTIONS_MAX).
    pub connections: u64,
    /// Who waits for a connection.
    pub pool_waiting: u64,
    /// How long the longest waiting one waits.
    pub pool_wait_ms: u64,
    /// The 95th percentile of what deliveries took from event to acknowledgement, in seconds.
    pub webhook_p95_s: u64,
    /// Deliveries that wait.
    pub webhook_backlog: u64,
    /// Dead letters.
    pub dead_letters: u64,
    /// Sessions that keep a connection for more than ten seconds, by component.
    pub held: [u64; CauseKind::ALL.len()],
    /// What was counted so far.
    pub counters: Counters,
}

/// The names under which figures can be quoted, with their value in thousandths.
pub const METRICS: [&str; 10] = [
    "queue_depth",
    "processed_per_min",
    "demand_per_min",
    "error_rate",
    "connections",
    "pool_waiting",
    "pool_wait_ms",
    "webhook_latency_s",
    "webhook_backlog",
    "dead_letters",
];

impl Sample {
    /// A figure by its name, in thousandths: `error_rate`, a ratio, is 120 for twelve percent. `held.<component>`
    /// is the number of sessions a component keeps.
    pub fn metric_in_thousandths(&self, name: &str) -> Option<u64> {
        if let Some(component) = name.strip_prefix("held.") {
            let found = CauseKind::ALL
                .iter()
                .position(|kind| kind.description().component == component);
            return found.map(|at| self.held[at] * 1000);
        }
        let whole = match name {
            "queue_depth" => self.queue_depth,
            "processed_per_min" => self.processed_per_min,
            "demand_per_min" => self.demand_per_min,
            "error_rate" => return Some(self.error_basis_points / 10),
            "connections" => self.connections,
            "pool_waiting" => self.pool_waiting,
            "pool_wait_ms" => self.pool_wait_ms,
            "webhook_latency_s" => self.webhook_p95_s,
            "webhook_backlog" => self.webhook_backlog,
            "dead_letters" => self.dead_letters,
            _ => return None,
        };
        Some(whole.saturating_mul(1000))
    }
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub at: SimTime,
    /// Who says it.
    pub component: &'static str,
    /// What.
    pub text: String,
}

/// All that was seen.
#[derive(Clone, Debug, Default)]
pub struct Telemetry {
    /// The samples, in order.
    pub samples: Vec<Sample>,
    /// The log, in order.
    pub log: Vec<LogLine>,
}

impl Telemetry {
    /// The last sample at or before a moment.
    pub fn at(&self, at: SimTime) -> Option<&Sample> {
        let after = self.samples.partition_point(|sample| sample.at <= at);
        self.samples[..after].last()
    }

    /// How far the counters came in the window before a moment, and the window's real length.
    pub fn since_window(&self, at: SimTime, now: Counters) -> (Counters, Duration) {
        let from = SimTime::from_nanos(at.nanos().saturating_sub(WINDOW.as_nanos() as u64));
        let (before, began) = match self.at(from) {
            Some(sample) => (sample.counters, sample.at),
            None => (Counters::default(), SimTime::START),
        };
        let passed = Counters {
            processed: now.processed - before.processed,
            demanded: now.demanded - before.demanded,
            succeeded: now.succeeded - before.succeeded,
            failed: now.failed - before.failed,
            delivered: now.delivered - before.delivered,
        };
        (passed, at.since(began))
    }
}

/// A session in the activity view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its number.
    pub pid: u32,
    /// Whose it is.
    pub application: &'static str,
    /// `active`, `idle` or `idle in transaction`.
    pub state: &'static str,
    /// What it waits for.
    pub waiting_on: String,
    /// Since when its transaction is open.
    pub since: SimTime,
    /// What it executes, or executed last.
    pub statement: &'static str,
}
