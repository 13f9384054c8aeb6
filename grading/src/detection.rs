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
    /// When there is no such tool here, or it came to no answer: why.
    fn check(&self, rules: &str) -> Result<ToolSaid, String>;

    /// Runs a unit test over rules that stand beside it as `rules.json`.
    ///
    /// # Errors
    /// When there is no such tool here, or it came to no answer: why.
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

/// Whether an expression evaluates another one at many moments, as in `[1h:1ms]`: brackets with a colon, outside of strings and
/// comments. Nested, such a rule takes as long as its author likes, and no rule over the series here needs one.
pub fn has_subquery(expr: &str) -> bool {
    let (mut quote, mut in_brackets) = (None, false);
    let mut rest = expr.chars();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some('"' | '\''), '\\') => drop(rest.next()),
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '#') => drop(rest.by_ref().find(|c| *c == '\n')),
            (None, '[') => in_brackets = true,
            (None, ']') => in_brackets = false,
            (None, ':') if in_brackets => return true,
            (None, _) => {}
        }
    }
    false
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

/// What is expected of the alert in a run.
#[derive(Clone, Copy, Debug)]
pub struct Expectation<'a> {
    /// The run.
    pub probe: &'a Probe,
    /// Whether it is to fire.
    pub fires: bool,
    /// Until how many seconds after the trigger.
    pub within_s: u64,
}

/// A unit test that expects the alert to have fired, or not, between the trigger and a bound after it, in each of these
/// runs.
pub fn test(expectations: &[Expectation<'_>]) -> String {
    let tests: Vec<_> = expectations.iter().map(one_test).collect();
    json!({
        "rule_files": ["rules.json"],
        "evaluation_interval": format!("{}s", SAMPLE_EVERY.as_secs()),
        "tests": tests,
    })
    .to_string()
}

fn one_test(expected: &Expectation<'_>) -> serde_json::Value {
    let every = SAMPLE_EVERY.as_secs();
    let samples = &expected.probe.telemetry.samples;
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
    let begin = expected.probe.trigger.since(SimTime::START).as_secs();
    let end = every * (samples.len() as u64 - 1);
    let until = (begin + expected.within_s).min(end) / every * every;
    let seen = until - begin.min(until);
    // Prometheus keeps what fires as a series of its own; asked for, it may be empty.
    let expr = format!(
        "(sum(count_over_time(ALERTS{{alertname=\"Graded\",alertstate=\"firing\"}}[{}s])) > bool 0) or vector(0)",
        seen.max(every)
    );
    let question = json!({
        "expr": expr,
        "eval_time": format!("{until}s"),
        "exp_samples": [{ "labels": "{}", "value": u8::from(expected.fires) }],
    });
    json!({
        "interval": format!("{every}s"),
        "input_series": series,
        "promql_expr_test": [question],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subqueries_are_found_and_nothing_else_is_taken_for_one() {
        for (expr, expected) in [
            ("max_over_time(rate(x[1m])[10m:15s]) > 1", true),
            ("max_over_time(vector(0)[1s : 1ms])", true),
            ("max_over_time(x [10m:])", true),
            ("x # [\n[5m:1s]", true),
            ("rate(http_requests_total[2m]) > 0.05", false),
            ("job:errors:rate5m > 1", false),
            ("x{a=\"[1m:1s]\"} > 1", false),
            ("x{a='\\'[1m:'} > 1", false),
            ("x{a=`\\`} > 1 # [1m:1s]", false),
        ] {
            assert_eq!(has_subquery(expr), expected, "{expr}");
        }
    }
}
