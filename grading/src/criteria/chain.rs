//! Criterion 4, what needs evidence: the chain from the cause to what was seen, and what it was not.
//!
//! The chain is compared with what follows from what in the model, each link with evidence that was true while
//! its begin was there and before its end came, as far as samples can tell: one may show both for the first time,
//! or the end already and the begin, whose figure is a mean or counts only what lasts, in the next.

use std::collections::BTreeMap;

use model::incident::case::{Case, SLOTS};
use model::incident::cause::CauseKind;
use model::incident::episode::Outcome;
use model::incident::telemetry::{SAMPLE_EVERY, Sample};
use sim::SimTime;

use super::cause::{command, item, kind_of};
use super::{Lost, Marker};
use crate::document::Item;
use crate::evidence::Evidence as Reference;
use crate::submission::POSTMORTEM;
use crate::submission::malformed::cut;
use crate::submission::postmortem::{Comparison, Edge, Evidence, Postmortem, RuledOut};

/// The links there are.
pub const EDGES: [(&str, &str); 7] = [
    ("cause", "connections_held"),
    ("connections_held", "pool_exhausted"),
    ("pool_exhausted", "pool_wait"),
    ("pool_wait", "verification_starved"),
    ("pool_wait", "request_errors"),
    ("pool_wait", "webhook_lag"),
    ("verification_starved", "queue_growth"),
];

/// Their points, 50 in all.
const EDGE_POINTS: [u32; 7] = [8, 7, 7, 7, 7, 7, 7];

/// From when on a node of the chain is there, by its figure.
fn is_there(node: &str, sample: &Sample, component: usize) -> Option<bool> {
    Some(match node {
        "cause" => sample.held[component] >= 1,
        "connections_held" => sample.held[component] >= u64::from(SLOTS) / 2,
        "pool_exhausted" => sample.connections >= 85,
        "pool_wait" => sample.pool_wait_ms >= 1_000,
        "verification_starved" => sample.processed_per_min < 500,
        "request_errors" => sample.error_basis_points > 100,
        "webhook_lag" => sample.webhook_p95_s > 60,
        "queue_growth" => sample.queue_depth > 2_000,
        _ => return None,
    })
}

/// The figure that shows a node.
fn figure(node: &str, component: &str) -> Option<String> {
    Some(match node {
        "cause" | "connections_held" => format!("held.{component}"),
        "pool_exhausted" => "connections".to_owned(),
        "pool_wait" => "pool_wait_ms".to_owned(),
        "verification_starved" => "processed_per_min".to_owned(),
        _ => return None,
    })
}

pub(super) struct View<'a> {
    pub(super) case: &'a Case,
    pub(super) outcome: &'a Outcome,
    pub(super) right: bool,
}

impl View<'_> {
    fn samples(&self) -> impl Iterator<Item = &Sample> {
        let trigger = self.case.trigger;
        let samples = self.outcome.telemetry.samples.iter();
        samples.filter(move |sample| sample.at >= trigger)
    }

    fn onset(&self, node: &str, component: usize) -> Option<SimTime> {
        let mut samples = self.samples();
        samples
            .find(|sample| is_there(node, sample, component) == Some(true))
            .map(|sample| sample.at)
    }

    fn sample(&self, evidence: &Evidence) -> Option<&Sample> {
        self.outcome.sample_at(evidence.at_s)
    }

    /// Whether a statement is true.
    fn holds(&self, evidence: &Evidence) -> bool {
        let sound = evidence.value.is_finite() && (0.0..=1e12).contains(&evidence.value);
        let value = (evidence.value * 1000.0).round() as u64;
        let found = self
            .sample(evidence)
            .and_then(|sample| sample.metric_in_thousandths(&evidence.metric));
        sound
            && found.is_some_and(|found| match evidence.op {
                Comparison::AtLeast => found >= value,
                Comparison::AtMost => found <= value,
            })
    }

    /// An item for each link. Each wrong one takes the points of one that is shown: who lists all there could be
    /// knows none.
    pub(super) fn chain(&self, marker: &Marker, postmortem: &Postmortem) -> Vec<Item> {
        let kind = kind_of(&postmortem.cause).filter(|_| self.right);
        let mut shown: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let mut wrong: Vec<(usize, String)> = Vec::new();
        for (place, edge) in postmortem.chain.iter().enumerate() {
            match kind.map(|kind| self.edge(edge, kind)) {
                None => {}
                Some(Ok(known)) => drop(shown.entry(known).or_insert(place)),
                Some(Err(why)) => {
                    let told = format!("{} → {}: {why}", cut(&edge.from), cut(&edge.to));
                    wrong.push((place, told));
                }
            }
        }
        let mut taken = wrong.iter();
        let items = EDGES.into_iter().zip(EDGE_POINTS).map(|(known, points)| {
            let place = shown.get(&known);
            let part = place.map_or("chain".to_owned(), |place| format!("chain[{place}]"));
            let lost = match (kind, place) {
                (None, _) => Some(("the chain does not begin at the cause".to_owned(), None)),
                (Some(_), Some(_)) => taken.next().map(|(place, told)| {
                    (
                        format!("a wrong link takes the points of this one: {told}"),
                        Some(*place),
                    )
                }),
                (Some(_), None) => Some(self.missing(postmortem, known, &wrong)),
            };
            let seen = |place: usize| {
                let first = postmortem.chain[place].evidence.first()?;
                Some((format!("chain[{place}]"), first.at_s))
            };
            let lost = lost.map(|(told, place)| match place.and_then(seen) {
                Some((part, at_s)) => marker
                    .lost_at(told, at_s)
                    .seen(Reference::submitted(POSTMORTEM, part)),
                None => Lost::by(told, command(marker, "only", &postmortem.cause)),
            });
            item(&format!("chain_{}", known.1), points, &part).all_or_nothing(lost)
        });
        items.collect()
    }

    /// What is told of a link that is not shown: why the one handed in for it is wrong, with its place, if there
    /// is one.
    fn missing(
        &self,
        postmortem: &Postmortem,
        (from, to): (&str, &str),
        wrong: &[(usize, String)],
    ) -> (String, Option<usize>) {
        let tried = wrong.iter().find(|(place, _)| {
            let edge = &postmortem.chain[*place];
            edge.from == from && edge.to == to
        });
        match tried {
            Some((place, told)) => (told.clone(), Some(*place)),
            None => (format!("{from} → {to} is not shown"), None),
        }
    }

    fn edge(&self, edge: &Edge, kind: CauseKind) -> Result<(&'static str, &'static str), String> {
        let known = EDGES
            .iter()
            .find(|(from, to)| *from == edge.from && *to == edge.to)
            .ok_or("no such link")?;
        let component = kind as usize;
        let figure =
            figure(known.0, kind.description().component).expect("a link begins at a figure");
        let effect = self.onset(known.1, component).ok_or("its end never came")?;
        let shown = edge.evidence.iter().any(|evidence| {
            let there = self.sample(evidence).is_some_and(|sample| {
                let latest = effect + SAMPLE_EVERY;
                let after = sample.at >= self.case.trigger && sample.at <= latest;
                after && is_there(known.0, sample, component) == Some(true)
            });
            there && evidence.metric == figure && self.holds(evidence)
        });
        match shown && edge.evidence.iter().all(|evidence| self.holds(evidence)) {
            true => Ok(*known),
            false => Err(format!(
                "its evidence is not true of `{figure}` before the effect"
            )),
        }
    }

    /// At least one thing that looked suspicious, with a figure of the incident's time that clears it.
    pub(super) fn ruled_out(&self, postmortem: &Postmortem) -> Option<(String, i64)> {
        let Some(first) = postmortem.ruled_out.first() else {
            return Some(("nothing was ruled out".to_owned(), 0));
        };
        let at = first.evidence.first().map_or(0, |evidence| evidence.at_s);
        let mut all = postmortem.ruled_out.iter();
        match all.any(|out| self.clears(out)) {
            true => None,
            false => {
                let told = "nothing suspicious is ruled out by a figure of its own";
                Some((told.to_owned(), at))
            }
        }
    }

    /// Whether something that looked suspicious is named with a figure that clears it.
    fn clears(&self, out: &RuledOut) -> bool {
        let Some(kind) = kind_of(&out.cause) else {
            return false;
        };
        let suspicious = self
            .case
            .decoys
            .iter()
            .any(|decoy| decoy.kind == kind && decoy.parameter() == out.cause.parameter);
        let figure = format!("held.{}", kind.description().component);
        let mut evidence = out.evidence.iter();
        suspicious
            && evidence.any(|evidence| {
                let during = self
                    .sample(evidence)
                    .is_some_and(|sample| sample.connections >= 85);
                let small = evidence.value <= 5.0 && evidence.op == Comparison::AtMost;
                during && small && evidence.metric == figure && self.holds(evidence)
            })
    }
}

#[cfg(test)]
mod tests {
    use model::incident::episode::PROBE;
    use model::incident::plant::Plant;
    use model::incident::settings::Settings;
    use model::incident::stability::incident_shows;

    use super::*;

    /// The links that somebody can show who quotes figures as they were, at any moment.
    fn shown(kind: CauseKind, seed: u64) -> Vec<(&'static str, &'static str)> {
        let case = Case::with_primary(seed, kind);
        let mut plant = Plant::new(&case, Settings::default());
        plant.run_until(case.trigger + PROBE);
        let shows = incident_shows(&plant.telemetry().samples);
        assert!(
            shows,
            "{kind:?} {seed}: a hidden seed without an incident would be a gift"
        );
        let outcome = Outcome::of(plant, case.trigger);
        let view = View {
            case: &case,
            outcome: &outcome,
            right: true,
        };
        let at_s = |sample: &Sample| sample.at.since(case.trigger).as_secs() as i64;
        let can_be_shown = |(from, to): (&str, &str)| {
            let figure = figure(from, kind.description().component).expect("a link begins at one");
            view.samples().any(|sample| {
                let was = sample.metric_in_thousandths(&figure).expect("a figure");
                let op = match from {
                    "verification_starved" => Comparison::AtMost,
                    _ => Comparison::AtLeast,
                };
                let evidence = Evidence {
                    metric: figure.clone(),
                    op,
                    value: was as f64 / 1000.0,
                    at_s: at_s(sample),
                };
                let edge = Edge {
                    from: from.to_owned(),
                    to: to.to_owned(),
                    evidence: vec![evidence],
                };
                view.edge(&edge, kind).is_ok()
            })
        };
        let shown = EDGES.into_iter().filter(|edge| can_be_shown(*edge));
        shown.collect()
    }

    #[test]
    fn who_knows_the_figures_can_show_every_link_on_every_seed() {
        for kind in CauseKind::ALL {
            for seed in 0..100 {
                assert_eq!(shown(kind, seed), EDGES, "{kind:?} {seed}");
            }
        }
    }
}
