//! Variants of a scenario told to people and machines: `proveniq/compare/v1`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::figures::{count, counted, percentage, span};
use crate::schema::{Document, Schema};
use crate::style::{Role, Style};
use crate::table::{Cell, Table};

/// What a comparison came to: `proveniq/compare/v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComparisonDocument {
    /// `proveniq/compare/v1`.
    pub schema: Schema<ComparisonDocument>,
    /// The scenario.
    pub scenario: String,
    /// How many seeds each variant had, the same ones.
    pub seeds: u64,
    /// Each variant over all seeds, in the order of the file.
    pub variants: Vec<Figures>,
}

/// One variant over all seeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Its name.
    pub variant: String,
    /// What it sets.
    pub set: Vec<String>,
    /// What users asked for, all attempts at one thing counted once.
    pub operations: u64,
    /// The median of what they waited for an answer, in microseconds; no answer counts as infinite (null).
    pub p50_us: Option<u64>,
    /// The 99th percentile, likewise.
    pub p99_us: Option<u64>,
    /// The 99th percentile of the operations that change something.
    pub changes_p99_us: Option<u64>,
    /// Operations that were refused.
    pub refused: u64,
    /// Operations of which the user never learnt what became of them.
    pub unknown: u64,
    /// Attempts that the edge did not let in.
    pub turned_away: u64,
    /// Reads of assets that reached the Ledger.
    pub ledger_reads: u64,
    /// The most requests that waited at the edge of one instance at a time.
    pub waiting_max: u64,
    /// Reads that were answered.
    pub reads: u64,
    /// Those of them that showed less than somebody had been told before they were asked.
    pub outdated_reads: u64,
    /// Webhook deliveries, one for each event and endpoint.
    pub deliveries: u64,
    /// The median time from an event to its acknowledgement, in microseconds; none counts as infinite (null).
    pub delivered_p50_us: Option<u64>,
    /// The 99th percentile, likewise.
    pub delivered_p99_us: Option<u64>,
    /// Deliveries that kept an order.
    pub in_lanes: u64,
    /// Those of them in the busiest lane of their run, over all runs.
    pub in_busiest_lane: u64,
    /// Those of them without any effect at their receiver.
    pub deliveries_lost: u64,
    /// Effects at receivers beyond the first of each delivery.
    pub effects_repeated: u64,
    /// Verifications of registrations, in runs whose queue has a bound.
    pub registered: u64,
    /// The 90th percentile of their time from being queued to a result, in microseconds; none counts as infinite.
    pub registered_p90_us: Option<u64>,
    /// Verifications that users asked for, in the same runs.
    pub requested: u64,
    /// The 90th percentile of theirs, likewise.
    pub requested_p90_us: Option<u64>,
    /// In how many runs each check did not hold.
    pub violated: BTreeMap<String, u64>,
}

impl Document for ComparisonDocument {
    const SCHEMA: &'static str = "proveniq/compare/v1";
}

impl ComparisonDocument {
    /// For people; ends with a line break.
    pub fn to_text(&self, style: Style) -> String {
        let seeds = counted(self.seeds, "seed", "seeds");
        let mut out = format!(
            "{}  {seeds} each\n\n",
            style.paint(Role::Head, &self.scenario)
        );
        let mut table = Table::new(0);
        let heads = self
            .variants
            .iter()
            .map(|it| Cell::right(Role::Head, &it.variant));
        let first = [Cell::left(Role::Faint, "")].into_iter().chain(heads);
        table.row(first.chain([Cell::left(Role::Faint, "")]));
        let tells = |name: &str, figure: fn(&Figures) -> String| {
            let is_said = self
                .variants
                .iter()
                .any(|it| !matches!(figure(it).as_str(), "0" | "0 %"));
            is_said || ALWAYS.contains(&name)
        };
        for (name, figure, meaning) in ROWS.iter().filter(|(name, figure, _)| tells(name, *figure))
        {
            let figures = self
                .variants
                .iter()
                .map(|it| Cell::right(Role::Plain, figure(it)));
            let row = [Cell::left(Role::Plain, *name)].into_iter().chain(figures);
            table.row(row.chain([Cell::left(Role::Faint, *meaning)]));
        }
        table.write(style, &mut out);
        out.push('\n');
        for variant in &self.variants {
            out.push_str(&told(variant, self.seeds, style));
        }
        out
    }
}

/// A row: its name, its figure, and what that is.
type Row = (&'static str, fn(&Figures) -> String, &'static str);

/// These are shown even when there is nothing to count in any variant; of the others only those that tell one.
const ALWAYS: [&str; 5] = ["operations", "p50", "p99", "unknown", "refused"];

const ROWS: &[Row] = &[
    (
        "operations",
        |it| count(it.operations),
        "what users asked for",
    ),
    (
        "p50",
        |it| waited(it.p50_us),
        "what they waited for an answer, retries included",
    ),
    (
        "p99",
        |it| waited(it.p99_us),
        "the same, of the slowest hundredth",
    ),
    (
        "p99 of changes",
        |it| waited(it.changes_p99_us),
        "the same, of registrations, renames and edits",
    ),
    (
        "refused",
        |it| count(it.refused),
        "for good: conflicts, and things that are not there",
    ),
    (
        "unknown",
        |it| count(it.unknown),
        "given up without an answer",
    ),
    (
        "turned away",
        |it| count(it.turned_away),
        "attempts that were told to come back (429, 503)",
    ),
    (
        "waiting, most",
        |it| count(it.waiting_max),
        "requests at one instance's edge",
    ),
    ("Ledger reads", |it| count(it.ledger_reads), "of assets"),
    (
        "outdated",
        |it| percentage(it.outdated_reads, it.reads),
        "reads that showed less than somebody knew",
    ),
    (
        "deliveries",
        |it| count(it.deliveries),
        "of webhooks: an event to an endpoint",
    ),
    (
        "delivered p50",
        |it| waited_of(it.deliveries, it.delivered_p50_us),
        "from an event to its acknowledgement",
    ),
    (
        "delivered p99",
        |it| waited_of(it.deliveries, it.delivered_p99_us),
        "the same, of the slowest hundredth",
    ),
    (
        "busiest lane",
        |it| percentage(it.in_busiest_lane, it.in_lanes),
        "of the deliveries that keep an order",
    ),
    (
        "lost",
        |it| count(it.deliveries_lost),
        "deliveries without any effect",
    ),
    (
        "repeated",
        |it| count(it.effects_repeated),
        "effects beyond the first of a delivery",
    ),
    (
        "verified p90",
        |it| waited_of(it.registered, it.registered_p90_us),
        "from a registration's verification being queued to its result",
    ),
    (
        "asked-for p90",
        |it| waited_of(it.requested, it.requested_p90_us),
        "the same, of verifications that users asked for",
    ),
];

/// Where there are none there is nothing to wait for.
fn waited_of(number: u64, micros: Option<u64>) -> String {
    match number {
        0 => count(0),
        _ => waited(micros),
    }
}

fn waited(micros: Option<u64>) -> String {
    micros.map_or("∞".to_owned(), |micros| {
        span(Duration::from_micros(micros))
    })
}

/// What a variant sets, and which checks did not hold.
fn told(variant: &Figures, seeds: u64, style: Style) -> String {
    let set = match variant.set.is_empty() {
        true => "the scenario as it stands".to_owned(),
        false => variant.set.join(", "),
    };
    let mut out = format!("{}: {set}\n", style.paint(Role::Head, &variant.variant));
    for (check, runs) in &variant.violated {
        let line = format!(
            "  ✗ {check} did not hold in {} of {}",
            count(*runs),
            count(seeds)
        );
        out.push_str(&format!("{}\n", style.paint(Role::Bad, &line)));
    }
    out
}
