//! Names, numbers and spans in the notation of Prometheus.
//!
//! A metric keeps its name, every character Prometheus does not allow turned into `_`, and gets the
//! ending that its naming rules ask for: a counter `_total`, a span `_seconds`, since seconds are
//! the base unit. So `core.orchestration.latency` is `core_orchestration_latency_seconds` and
//! `core.saga.compensations` is `core_saga_compensations_total`.

use std::collections::BTreeMap;
use std::time::Duration;

/// What kind of metric a name belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution of spans.
    Span,
}

/// A metric's name.
pub fn metric(name: &str, kind: Kind) -> String {
    let ending = match kind {
        Kind::Counter => "_total",
        Kind::Gauge => "",
        Kind::Span => "_seconds",
    };
    let name = allowed(name);
    match name.strip_suffix(ending) {
        Some(_) => name,
        None => name + ending,
    }
}

/// Labels in braces, with further ones behind them; nothing when there are none.
pub fn labels<'a>(
    labels: impl IntoIterator<Item = (&'a str, &'a str)>,
    more: &[(&'a str, &'a str)],
) -> String {
    let all = labels.into_iter().chain(more.iter().copied());
    let all: Vec<String> = all
        .map(|(label, value)| format!("{}=\"{}\"", allowed(label), escaped(value)))
        .collect();
    match all.is_empty() {
        true => String::new(),
        false => format!("{{{}}}", all.join(",")),
    }
}

/// Labels with their names as they are exported.
pub fn label_map(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    labels
        .iter()
        .map(|(label, value)| (allowed(label), value.clone()))
        .collect()
}

fn allowed(name: &str) -> String {
    let allowed = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => c,
        _ => '_',
    };
    let name: String = name.chars().map(allowed).collect();
    match name.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("_{name}"),
        false => name,
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// A help text on one line.
pub fn help(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n")
}

/// A span as decimal seconds, exact: `0.01`, `2.5`, `300`.
pub fn seconds(span: Duration) -> String {
    decimal(u128::from(span.as_secs()), span.subsec_nanos())
}

fn decimal(whole: u128, nanos: u32) -> String {
    let decimals = format!("{nanos:09}");
    match decimals.trim_end_matches('0') {
        "" => whole.to_string(),
        decimals => format!("{whole}.{decimals}"),
    }
}

/// So many events per span as events per second: a decimal number when nine digits hold it, else
/// the division itself.
pub fn per_second(events: u32, per: Duration) -> String {
    let (scaled, per) = (
        u128::from(events) * 1_000_000_000 * 1_000_000_000,
        per.as_nanos(),
    );
    if scaled % per == 0 {
        let nanos = scaled / per;
        let below_one = u32::try_from(nanos % 1_000_000_000).expect("a remainder is small");
        return decimal(nanos / 1_000_000_000, below_one);
    }
    let per = Duration::from_nanos(u64::try_from(per).expect("a rule's span is short"));
    format!("{events} / {}", seconds(per))
}

/// A span in the notation of durations, in the largest unit that is exact down to milliseconds.
pub fn duration(span: Duration) -> String {
    let millis = span.as_millis();
    let units = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
    let exact = units
        .iter()
        .find(|(_, length)| millis.is_multiple_of(*length));
    match exact {
        Some((unit, length)) if millis > 0 => format!("{}{unit}", millis / length),
        _ => "0s".to_owned(),
    }
}
