//! Criterion 4: the cause, by replay. With exactly the named cause removed the incident must vanish; with only it in
//! a healthy case it must appear.
//!
//! The chain is compared with what follows from what in the model, each link with evidence that was true while its
//! begin was there and before its end came, as far as samples can tell: one may show both for the first time, or the end
//! already and the begin, whose figure is a mean or counts only what lasts, in the next.

use model::incident::case::{Case, SLOTS};
use model::incident::cause::{Cause, CauseKind};
use model::incident::episode::{Outcome, Probe};
use model::incident::settings::Settings;
use model::incident::telemetry::{SAMPLE_EVERY, Sample};
use sim::SimTime;

use super::Marker;
use crate::document::Item;
use crate::submission::malformed::cut;
use crate::submission::postmortem::{Comparison, Edge, Evidence, NamedCause, Postmortem, RuledOut};

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

/// What a learner named, in the catalogue.
fn kind_of(named: &NamedCause) -> Option<CauseKind> {
    CauseKind::named(&named.component, &named.fault_class)
}

fn same(named: &NamedCause, cause: &Cause) -> bool {
    kind_of(named) == Some(cause.kind) && named.parameter == cause.parameter()
}

/// Judges it.
pub fn judge(
    marker: &Marker,
    postmortem: &Postmortem,
    case: &Case,
    outcome: &Outcome,
) -> Vec<Item> {
    let named = &postmortem.cause;
    let vanishes = vanishes(named, case);
    let appears = match vanishes {
        Some(_) => Some("the incident does not vanish without it".to_owned()),
        None => appears(named, case),
    };
    let counterfactual = |option: &str, wrong: Option<String>| {
        let thing = catalogued(named).map(|thing| format!(" --{option} {thing}"));
        let command = thing.map_or("proveniq incident actions".to_owned(), |options| {
            marker.probe(&options)
        });
        wrong.map(|wrong| (wrong, command))
    };
    let right = case.causes.first().is_some_and(|cause| same(named, cause));
    let since = match named.from_s {
        _ if !right => Some("it is not the cause".to_owned()),
        None => Some("it is not said since when".to_owned()),
        Some(from) => {
            let began = -(outcome.hand_over.since(case.trigger).as_secs() as i64);
            let near = from.abs_diff(began) <= 120;
            (!near).then(|| format!("it did not begin about {from} s"))
        }
    };
    let view = View {
        case,
        outcome,
        right,
    };
    let since = since.map(|told| (told, named.from_s.unwrap_or(0)));
    let others = counterfactual("without", contributing(postmortem, case));
    let (chain, chain_told, chain_at) = view.chain(postmortem);
    let out = view.ruled_out(postmortem);
    vec![
        marker.all_or_nothing("cause.necessary", 70, counterfactual("without", vanishes)),
        marker.all_or_nothing("cause.sufficient", 30, counterfactual("only", appears)),
        marker.predicate("cause.since", 10, since),
        marker.all_or_nothing("cause.contributing", 15, others),
        marker.item("cause.chain", chain, 50, chain_told, chain_at),
        marker.predicate("cause.ruled_out", 25, out),
    ]
}

/// The thing a learner named, if it is one of the catalogue's and can stand in a command.
fn catalogued(named: &NamedCause) -> Option<&str> {
    let (kind, _) = CauseKind::of_parameter(&named.parameter)?;
    (kind_of(named) == Some(kind)).then_some(&named.parameter)
}

/// The counterfactual: this seed without the named cause. `None` when the incident is gone.
fn vanishes(named: &NamedCause, case: &Case) -> Option<String> {
    let Some(kind) = kind_of(named) else {
        return Some(format!(
            "`{}` / `{}` is not in the catalogue of causes: a symptom cannot be injected",
            cut(&named.component),
            cut(&named.fault_class)
        ));
    };
    let (without, removed) = case.without(kind, &named.parameter);
    if !removed {
        return Some(format!(
            "taken away, it changes nothing: {} {} was not at fault",
            named.component,
            cut(&named.parameter)
        ));
    }
    let shows = Probe::of(&without, Settings::default()).shows_incident();
    shows.then(|| "without it the incident shows all the same".to_owned())
}

/// The other way round: a healthy case with the named cause only.
fn appears(named: &NamedCause, case: &Case) -> Option<String> {
    let cause = case.causes.iter().find(|cause| same(named, cause))?;
    let shows = Probe::of(&case.with_only(*cause), Settings::default()).shows_incident();
    (!shows).then(|| "alone in a healthy system it makes no incident".to_owned())
}

fn contributing(postmortem: &Postmortem, case: &Case) -> Option<String> {
    let truly = &case.causes[1.min(case.causes.len())..];
    let invented = postmortem
        .contributing
        .iter()
        .find(|named| !truly.iter().any(|cause| same(named, cause)));
    if let Some(named) = invented {
        return Some(format!("{} did not contribute", cut(&named.parameter)));
    }
    if !case
        .causes
        .first()
        .is_some_and(|cause| same(&postmortem.cause, cause))
    {
        return Some("the cause itself is another".to_owned());
    }
    let missing = truly.iter().any(|cause| {
        !postmortem
            .contributing
            .iter()
            .any(|named| same(named, cause))
    });
    missing.then(|| "something contributed that is not named".to_owned())
}

struct View<'a> {
    case: &'a Case,
    outcome: &'a Outcome,
    right: bool,
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

    /// Its points, what is wrong, and the moment of the first evidence that is.
    fn chain(&self, postmortem: &Postmortem) -> (u32, String, i64) {
        let Some(kind) = kind_of(&postmortem.cause).filter(|_| self.right) else {
            return (0, "the chain does not begin at the cause".to_owned(), 0);
        };
        let mut at = None;
        let mut good: Vec<(&str, &str)> = Vec::new();
        let mut wrong = 0_usize;
        let mut told = Vec::new();
        for edge in &postmortem.chain {
            match self.edge(edge, kind) {
                Ok(known) if good.contains(&known) => {}
                Ok(known) => good.push(known),
                Err(why) => {
                    wrong += 1;
                    at = at.or(edge.evidence.first().map(|evidence| evidence.at_s));
                    told.push(format!("{} → {}: {why}", cut(&edge.from), cut(&edge.to)));
                }
            }
        }
        if good.len() < EDGES.len() {
            told.push(format!("{} of {} links are shown", good.len(), EDGES.len()));
        }
        let worth = good.len().saturating_sub(wrong);
        let points = 50 * worth / EDGES.len();
        (points as u32, told.join("; "), at.unwrap_or(0))
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
    fn ruled_out(&self, postmortem: &Postmortem) -> Option<(String, i64)> {
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
