//! Alert rules of learners, judged by the real `promtool`.
//!
//! A simulated run becomes series; a unit test of Prometheus asks whether the learner's alert fires in them. JSON is YAML to
//! promtool, so that nothing a learner writes can leave its place in the file. Whoever calls lends the tool.

use model::incident::episode::Probe;
use model::incident::telemetry::{SAMPLE_EVERY, Sample};
use serde_json::json;
use sim::SimTime;

/// Within what time after the trouble begins an alert must fire, in seconds.
pub const IN_TIME_S: u64 = 600;

/// What promtool said of a pair of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolSaid {
    /// The expectations hold.
    Holds,
    /// They do not, with what it said.
    Fails(String),
}

/// What runs promtool.
pub trait RuleTool {
    /// Checks rules for mistakes.
    ///
    /// # Errors
    /// When there is no such tool here: why.
    fn check(&self, rules: &str) -> Result<ToolSaid, String>;

    /// Runs a unit test over rules that stand beside it as `rules.json`.
    ///
    /// # Errors
    /// When there is no such tool here: why.
    fn test(&self, rules: &str, test: &str) -> Result<ToolSaid, String>;
}

/// No tool.
#[derive(Clone, Copy, Debug)]
pub struct NoTool;

impl RuleTool for NoTool {
    fn check(&self, _: &str) -> Result<ToolSaid, String> {
        Err("promtool is not installed".to_owned())
    }

    fn test(&self, _: &str, _: &str) -> Result<ToolSaid, String> {
        self.check("")
    }
}

/// The rule file of one alert.
pub fn rules(expr: &str, for_s: u32) -> String {
    let rule = json!({ "alert": "Graded", "expr": expr, "for": format!("{for_s}s") });
    json!({ "groups": [{ "name": "graded", "rules": [rule] }] }).to_string()
}

/// The series learners can build a rule on, as Prometheus names them.
pub const SERIES: [&str; 9] = [
    "verification_queue_depth",
    "verification_processed_total",
    "verification_requested_total",
    "http_requests_total",
    "http_requests_failed_total",
    "db_connections_in_use",
    "db_pool_waiting",
    "db_pool_wait_seconds",
    "webhook_latency_p95_seconds",
];

fn value(name: &str, sample: &Sample) -> u64 {
    let counters = &sample.counters;
    match name {
        "verification_queue_depth" => sample.queue_depth,
        "verification_processed_total" => counters.processed,
        "verification_requested_total" => counters.demanded,
        "http_requests_total" => counters.succeeded + counters.failed,
        "http_requests_failed_total" => counters.failed,
        "db_connections_in_use" => sample.connections,
        "db_pool_waiting" => sample.pool_waiting,
        "db_pool_wait_seconds" => sample.pool_wait_ms / 1000,
        _ => sample.webhook_p95_s,
    }
}

/// A unit test that expects the alert to have fired, or not, between the trigger and a bound after it.
pub fn test(probe: &Probe, fires: bool, within_s: u64) -> String {
    let every = SAMPLE_EVERY.as_secs();
    let samples = &probe.telemetry.samples;
    let series: Vec<_> = SERIES
        .iter()
        .map(|name| {
            let values: Vec<String> = samples
                .iter()
                .map(|sample| value(name, sample).to_string())
                .collect();
            json!({ "series": name, "values": values.join(" ") })
        })
        .collect();
    let begin = probe.trigger.since(SimTime::START).as_secs();
    let until = (begin + within_s).min(every * (samples.len() as u64 - 1)) / every * every;
    let seen = until - begin.min(until);
    // Prometheus keeps what fires as a series of its own; asked for, it may be empty.
    let expr = format!(
        "(sum(count_over_time(ALERTS{{alertname=\"Graded\",alertstate=\"firing\"}}[{}s])) > bool 0) or vector(0)",
        seen.max(every)
    );
    let question = json!({
        "expr": expr,
        "eval_time": format!("{until}s"),
        "exp_samples": [{ "labels": "{}", "value": u8::from(fires) }],
    });
    json!({
        "rule_files": ["rules.json"],
        "evaluation_interval": format!("{every}s"),
        "tests": [{
            "interval": format!("{every}s"),
            "input_series": series,
            "promql_expr_test": [question],
        }],
    })
    .to_string()
}
