//! Coverage: runs that showed something new are kept, and changed a little.
//!
//! What a run shows is the set of its event trigrams per node (three events in a row, told by their kind,
//! the roles of the nodes, and how much they carry) and the set of named states it reached. A run
//! with something new joins the corpus; the next run is, by turns, drawn afresh or one of the corpus with
//! a fault more, less, moved or repeated elsewhere, or under another schedule. That is what fuzzers do to
//! inputs, done to plans of faults.
//!
//! What is hashed here is compared within one build of the program only. Another process of the same build
//! comes to the same hashes, so a sweep's workers can tell what their runs showed.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use reports::Seed;
use serde::{Deserialize, Serialize};
use sim::NodeId;
use sim::fault::{Fault, Plan};
use sim::random::{Lineage, Randomness, Root, Stream};
use sim::record::Record;
use sim::record::trace::{Event, Happening};

use crate::run::draw_plan;
use crate::seeds::RunSeeds;
use crate::setup::Setup;

/// How many runs are kept; the one with the least news goes.
const CORPUS_MAX: usize = 64;

/// What a run showed, as hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shown(BTreeSet<u64>);

/// What was seen, and the runs that showed it.
#[derive(Default)]
pub(super) struct Coverage {
    seen: Shown,
    corpus: Vec<Kept>,
}

struct Kept {
    setup: Setup,
    /// How much of what it showed was new.
    news: usize,
}

impl Coverage {
    /// The next run: the one offered, or a changed one of the corpus in its place.
    pub(super) fn next(&self, fresh: Setup) -> Setup {
        let randomness = Randomness::new(fresh.seeds.resolve());
        let mut stream = randomness.stream(Root::Plan, Lineage::of("coverage"), "choice");
        if self.corpus.is_empty() || stream.below(2) == 0 {
            return fresh;
        }
        let parent = &stream.pick(&self.corpus).setup;
        let offered = plan_of(&fresh);
        let inherited = parent.seeds.resolve();
        let mut changed = parent.clone();
        changed.given.plan = Some(mutated(plan_of(parent), &offered, &mut stream));
        // Its name is its own, and all that its parent drew stays as it is.
        changed.seeds = RunSeeds {
            run: fresh.seeds.run,
            workload: Some(Seed(inherited.workload)),
            plan: Some(Seed(inherited.plan)),
            schedule: Some(Seed(stream.bits())),
        };
        changed
    }

    /// What of this was not seen before.
    pub(super) fn news_of(&self, shown: &Shown) -> Shown {
        Shown(shown.0.difference(&self.seen.0).copied().collect())
    }

    /// Keeps a run that showed something new.
    pub(super) fn learn(&mut self, setup: &Setup, shown: &Shown) {
        let news = self.news_of(shown).0.len();
        self.seen.0.extend(&shown.0);
        if news == 0 {
            return;
        }
        let setup = setup.clone();
        self.corpus.push(Kept { setup, news });
        if self.corpus.len() > CORPUS_MAX {
            let least = (0..self.corpus.len()).min_by_key(|at| self.corpus[*at].news);
            self.corpus.remove(least.unwrap_or(0));
        }
    }
}

fn plan_of(setup: &Setup) -> Plan {
    let order = setup.order(crate::run::JUDGEMENT_ONLY);
    setup
        .given
        .plan
        .clone()
        .unwrap_or_else(|| draw_plan(&order))
}

/// A plan with one or two changes. `offered` has faults that fit the same system.
fn mutated(mut plan: Plan, offered: &Plan, stream: &mut Stream) -> Plan {
    for _ in 0..stream.between(1, 2) {
        match stream.below(4) {
            0 if plan.faults.len() > 1 => {
                let away = stream.below(plan.faults.len() as u64) as usize;
                plan.faults.remove(away);
            }
            1 if !plan.faults.is_empty() => {
                let at = stream.below(plan.faults.len() as u64) as usize;
                let moved = moved(&plan.faults[at], stream);
                plan.faults[at] = moved;
            }
            2 if !plan.faults.is_empty() => {
                let again = moved(stream.pick(&plan.faults), stream);
                plan.faults.push(again);
            }
            _ if !offered.faults.is_empty() => {
                plan.faults.push(stream.pick(&offered.faults).clone());
            }
            _ => {}
        }
    }
    plan
}

/// The same fault somewhat earlier or later.
fn moved(fault: &Fault, stream: &mut Stream) -> Fault {
    let mut moved = fault.clone();
    let by = stream.between(1, 4_000);
    let earlier = stream.below(2) == 0;
    let shift = |at: u64| match earlier {
        true => at.saturating_sub(by),
        false => at + by,
    };
    if moved.at_point.is_some() {
        moved.nth = Some(stream.between(1, 8) as u32);
        return moved;
    }
    let lasts = moved.until_ms.map(|until| until - moved.from_ms);
    moved.from_ms = shift(moved.from_ms);
    moved.until_ms = lasts.map(|lasts| moved.from_ms + lasts);
    moved
}

impl Shown {
    /// What a run showed that kept its trace.
    pub fn by(record: &Record) -> Shown {
        Shown(shown(record))
    }
}

fn shown(record: &Record) -> BTreeSet<u64> {
    let roles: Vec<String> = record.nodes.iter().map(|name| role(name)).collect();
    let mut last: BTreeMap<NodeId, [u64; 2]> = BTreeMap::new();
    let mut shown = BTreeSet::new();
    for event in record.trace.events() {
        let Some(letter) = letter(event, &roles) else {
            continue;
        };
        let before = last.entry(event.node).or_default();
        shown.insert(hashed(&(*before, letter)));
        *before = [before[1], letter];
    }
    for state in &record.reached {
        shown.insert(hashed(state));
    }
    shown.insert(hashed(&record.reached));
    shown
}

/// `core-2` plays the role `core`.
fn role(name: &str) -> String {
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-')
        .to_owned()
}

/// What kind of event it is, without what differs from one to the next.
fn letter(event: &Event, roles: &[String]) -> Option<u64> {
    let role = |node: NodeId| roles.get(node.index());
    let what = match &event.what {
        Happening::Woke | Happening::Wrote { .. } | Happening::Synced { .. } => return None,
        Happening::Sent { to, payload, .. } => {
            // How much it carries, to a power of two: its type would have to be rendered.
            hashed(&(role(*to), payload.0.wire_bytes().max(1).ilog2()))
        }
        Happening::Dropped { by, .. } => hashed(by),
        Happening::PointReached { point } => hashed(point),
        Happening::Noted { name, .. } => hashed(name),
        other => hashed(&std::mem::discriminant(other)),
    };
    Some(hashed(&(
        role(event.node),
        std::mem::discriminant(&event.what),
        what,
    )))
}

fn hashed(what: &impl Hash) -> u64 {
    // Its keys are fixed, and only hashes of one search are compared.
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
