//! Variants of a scenario under the same seeds, in figures.
//!
//! Every figure is taken from the records of runs: nothing is modelled here. Start at [`compare`]; what a figure
//! means stands with [`reports::comparison::Figures`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::defects::Defects;
use reports::Seed;
use reports::comparison::{ComparisonDocument, Figures};
use reports::schema::Schema;
use sim::record::Record;
use sim::record::history::{Operation, Outcome};
use sim::record::metrics::MetricKey;
use sim::record::value::Value;
use sim::time::SimTime;

use crate::failure::Failure;
use crate::file::source::Override;
use crate::file::{self, Selected};
use crate::given::Given;
use crate::run::{JUDGEMENT_ONLY, RunOrder, run};
use crate::seeds::RunSeeds;

/// Runs every variant of a scenario under the seeds from 1 on.
///
/// # Errors
/// When a variant makes no sense.
pub fn compare(
    selected: &Selected,
    seeds: u64,
    tell: &mut dyn FnMut(&str),
) -> Result<ComparisonDocument, Failure> {
    let mut variants = Vec::new();
    for variant in &selected.scenario.variants {
        let mut overrides = selected.overrides.clone();
        for text in &variant.set {
            let over: Override = text
                .parse()
                .map_err(|error| Failure::Usage(format!("variant `{}`: {error}", variant.name)))?;
            overrides.push(over);
        }
        let own = file::select(&selected.asked, &overrides)?;
        let mut tally = Tally::default();
        for seed in 1..=seeds {
            tell(&format!("{}, seed {seed} of {seeds}", variant.name));
            tally.add(&own, Seed(seed));
        }
        variants.push(tally.figures(&variant.name, &variant.set));
    }
    Ok(ComparisonDocument {
        schema: Schema::new(),
        scenario: selected.scenario.name.clone(),
        seeds,
        variants,
    })
}

/// Verifications of one priority: how many there are, and how long each took that has a result, in nanoseconds.
#[derive(Default)]
struct Checked {
    count: u64,
    took: Vec<u64>,
}

/// What is known of one variant.
#[derive(Default)]
struct Tally {
    /// How long each operation took that was answered, in nanoseconds.
    took: Vec<u64>,
    operations: u64,
    /// The same of those that change something.
    changes_took: Vec<u64>,
    changes: u64,
    refused: u64,
    unknown: u64,
    turned_away: u64,
    ledger_reads: u64,
    waiting_max: u64,
    reads: u64,
    outdated: u64,
    deliveries: u64,
    /// How long each delivery took that was acknowledged, in nanoseconds.
    delivered: Vec<u64>,
    in_lanes: u64,
    in_busiest_lane: u64,
    lost: u64,
    repeated: u64,
    registered: Checked,
    requested: Checked,
    violated: BTreeMap<String, u64>,
}

impl Tally {
    fn add(&mut self, selected: &Selected, seed: Seed) {
        let outcome = run(&RunOrder {
            scenario: &selected.scenario,
            seeds: RunSeeds::of(seed),
            given: &Given::NOTHING,
            defects: &Defects::default(),
            recording: JUDGEMENT_ONLY,
        });
        for (_, operation) in outcome.record.history.iter() {
            self.operation(operation);
        }
        self.metrics(&outcome.record);
        self.staleness(&outcome.record);
        self.deliveries(&outcome.record);
        self.verifications(&outcome.record);
        let bad = outcome.judgements.iter();
        let bad = bad
            .filter(|it| it.verdict.name() != "held")
            .map(|it| it.check);
        for check in bad.collect::<BTreeSet<_>>() {
            *self.violated.entry(check.to_owned()).or_default() += 1;
        }
    }

    fn operation(&mut self, operation: &Operation) {
        self.operations += 1;
        let changes = matches!(operation.function.as_str(), "register" | "rename" | "edit");
        self.changes += u64::from(changes);
        let is_known = !matches!(operation.outcome, Outcome::Unknown(_));
        match operation.completed.filter(|_| is_known) {
            Some(at) => {
                let took = at.since(operation.invoked).as_nanos();
                let took = u64::try_from(took).unwrap_or(u64::MAX);
                self.took.push(took);
                if changes {
                    self.changes_took.push(took);
                }
            }
            None => self.unknown += 1,
        }
        self.refused += u64::from(matches!(operation.outcome, Outcome::Fail(_)));
    }

    fn metrics(&mut self, record: &Record) {
        let is = |key: &MetricKey, label: &str, value: &str| {
            key.labels.get(label).is_some_and(|found| found == value)
        };
        for (key, count) in record.metrics.counters() {
            if key.name == "core.edge.turned_away" {
                self.turned_away += count;
            }
            let of_ledger =
                key.name == "core.orchestration.requests" && is(key, "subsystem", "ledger");
            if of_ledger && is(key, "operation", "asset.read") {
                self.ledger_reads += count;
            }
        }
        let waiting = record
            .metrics
            .gauges()
            .filter(|(key, _)| key.name == "core.edge.waiting");
        let depths = waiting.flat_map(|(_, changes)| changes.iter().map(|(_, depth)| *depth));
        self.waiting_max = self
            .waiting_max
            .max(depths.max().unwrap_or(0).unsigned_abs());
    }

    /// Reads that showed less than somebody had been told before they were asked.
    fn staleness(&mut self, record: &Record) {
        let mut told: BTreeMap<&str, Vec<(SimTime, i64)>> = BTreeMap::new();
        for (_, operation) in record.history.iter() {
            let Some((at, answer)) = operation.completed.zip(operation.answer()) else {
                continue;
            };
            let mut versions: Vec<(&str, Option<i64>)> =
                vec![(answer.text("asset"), answer.get("version").as_int())];
            if let Value::List(renamed) = answer.get("renamed") {
                versions.extend(
                    renamed
                        .iter()
                        .map(|it| (it.text("asset"), it.get("version").as_int())),
                );
            }
            for (asset, version) in versions {
                told.entry(asset)
                    .or_default()
                    .extend(version.map(|version| (at, version)));
            }
        }
        for (_, read) in record
            .history
            .iter()
            .filter(|(_, it)| it.function == "read")
        {
            let Some(answer) = read.answer() else {
                continue;
            };
            let (asset, found) = (answer.text("asset"), answer.get("version").as_int());
            let known = told.get(asset).into_iter().flatten();
            let known = known
                .filter(|(at, _)| *at < read.invoked)
                .map(|(_, version)| *version);
            self.reads += 1;
            self.outdated += u64::from(known.max() > found);
        }
    }

    /// What became of webhooks: deliveries without an effect, effects beyond the first, how long they took, and
    /// how unevenly they stand in lanes.
    fn deliveries(&mut self, record: &Record) {
        let rows = |table: &str| record.facts.table(table).unwrap_or_default();
        let bodies: BTreeMap<Option<i64>, &str> = rows("outbox")
            .iter()
            .map(|row| (row.get("position").as_int(), row.text("body")))
            .collect();
        let mut effects: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for effect in rows("webhook_effects") {
            *effects
                .entry((effect.text("endpoint"), effect.text("body")))
                .or_default() += 1;
        }
        for delivery in rows("deliveries") {
            let body = bodies.get(&delivery.get("position").as_int());
            let found = body.and_then(|body| effects.get(&(delivery.text("endpoint"), *body)));
            self.deliveries += 1;
            self.lost += u64::from(found.is_none());
        }
        self.repeated += effects.values().map(|times| times - 1).sum::<u64>();
        self.delivered(record);
        let mut lanes: BTreeMap<&str, u64> = BTreeMap::new();
        let all = rows("deliveries").iter().map(|row| row.text("lane"));
        for lane in all.filter(|lane| !lane.is_empty()) {
            *lanes.entry(lane).or_default() += 1;
        }
        self.in_lanes += lanes.values().sum::<u64>();
        self.in_busiest_lane += lanes.values().max().copied().unwrap_or(0);
    }

    /// How long it took from each event to its first acknowledgement at each endpoint.
    fn delivered(&mut self, record: &Record) {
        let rows = |table: &str| record.facts.table(table).unwrap_or_default();
        let told = rows("outbox").iter();
        let told: BTreeMap<Option<i64>, Option<i64>> = told
            .map(|row| (row.get("position").as_int(), row.get("at").as_int()))
            .collect();
        let acknowledged = rows("attempts").iter();
        let acknowledged = acknowledged.filter(|row| row.text("outcome") == "acknowledged");
        let mut ended: BTreeMap<&str, i64> = BTreeMap::new();
        for (delivery, at) in acknowledged
            .filter_map(|row| Some((row.text("delivery"), row.get("ended_at").as_int()?)))
        {
            let first = ended.entry(delivery).or_insert(at);
            *first = at.min(*first);
        }
        for delivery in rows("deliveries") {
            let began = told.get(&delivery.get("position").as_int());
            let span = began
                .copied()
                .flatten()
                .zip(ended.get(delivery.text("delivery")));
            let span = span.map(|(began, ended)| Duration::from_millis(ended.abs_diff(began)));
            self.delivered.extend(span.map(sim::time::nanos_of));
        }
    }

    /// How long verifications took, from being queued to their result, where their queue has a bound.
    fn verifications(&mut self, record: &Record) {
        let mut notes = record.notes.iter();
        if !notes.any(|note| note.name == "verification_admitted") {
            return;
        }
        let mut ended: BTreeMap<&str, SimTime> = BTreeMap::new();
        for note in record.notes.iter().filter(|it| it.name == "verification") {
            if matches!(note.detail.text("state"), "verified" | "rejected" | "dead") {
                ended.entry(note.detail.text("verification")).or_insert(note.at);
            }
        }
        for row in record.facts.table("verifications").unwrap_or_default() {
            let checked = match row.text("priority") {
                "registered" => &mut self.registered,
                _ => &mut self.requested,
            };
            checked.count += 1;
            let queued = row.get("queued_at").as_int().and_then(|at| u64::try_from(at).ok());
            let span = queued.zip(ended.get(row.text("verification")));
            checked.took.extend(span.map(|(queued, ended)| {
                ended.nanos().saturating_sub(queued.saturating_mul(1_000_000))
            }));
        }
    }

    fn figures(mut self, name: &str, set: &[String]) -> Figures {
        self.took.sort_unstable();
        self.changes_took.sort_unstable();
        self.delivered.sort_unstable();
        self.registered.took.sort_unstable();
        self.requested.took.sort_unstable();
        Figures {
            variant: name.to_owned(),
            set: set.to_vec(),
            operations: self.operations,
            p50_us: quantile(&self.took, self.operations, 50),
            p99_us: quantile(&self.took, self.operations, 99),
            changes_p99_us: quantile(&self.changes_took, self.changes, 99),
            refused: self.refused,
            unknown: self.unknown,
            turned_away: self.turned_away,
            ledger_reads: self.ledger_reads,
            waiting_max: self.waiting_max,
            reads: self.reads,
            outdated_reads: self.outdated,
            deliveries: self.deliveries,
            delivered_p50_us: quantile(&self.delivered, self.deliveries, 50),
            delivered_p99_us: quantile(&self.delivered, self.deliveries, 99),
            in_lanes: self.in_lanes,
            in_busiest_lane: self.in_busiest_lane,
            deliveries_lost: self.lost,
            effects_repeated: self.repeated,
            registered: self.registered.count,
            registered_p90_us: quantile(&self.registered.took, self.registered.count, 90),
            requested: self.requested.count,
            requested_p90_us: quantile(&self.requested.took, self.requested.count, 90),
            violated: self.violated,
        }
    }
}

/// Of so many operations, of which these were answered; the others count as infinite.
fn quantile(took: &[u64], operations: u64, percent: u64) -> Option<u64> {
    let rank = (operations * percent).div_ceil(100).max(1);
    let nanos = took.get(usize::try_from(rank - 1).ok()?)?;
    u64::try_from(Duration::from_nanos(*nanos).as_micros()).ok()
}
