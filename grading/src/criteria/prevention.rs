//! Criterion 5: whether the measures would have helped, by replay on hidden seeds, and do no harm on healthy ones.
//!
//! Every change of a setting is applied before the incident. Alerts are judged by Prometheus itself.

use model::incident::case::Case;
use model::incident::cause::CauseKind;
use model::incident::episode::Probe;
use model::incident::settings::{Setting, Settings};

use super::Marker;
use crate::detection::{self, IN_TIME_S, RuleTool, ToolSaid};
use crate::document::{Item, ItemStatus};
use crate::hidden::HiddenSeeds;
use crate::submission::postmortem::{Change, Measure, MeasureKind, Postmortem};

/// Seeds beside the public one, and how they go without any measure.
pub struct HiddenRuns {
    incident: Vec<(Case, Probe)>,
    healthy: Vec<(Case, Probe)>,
}

impl HiddenRuns {
    /// Runs them: the incident ones have the primary cause of the public seed.
    pub fn of(seeds: &HiddenSeeds, primary: CauseKind) -> HiddenRuns {
        let run = |case: Case| {
            let probe = Probe::of(&case, Settings::default());
            (case, probe)
        };
        let incident = seeds.incident.iter();
        let healthy = seeds.healthy.iter();
        HiddenRuns {
            incident: incident
                .map(|seed| run(Case::with_primary(*seed, primary)))
                .collect(),
            healthy: healthy
                .map(|seed| run(Case::with_primary(*seed, primary).healthy()))
                .collect(),
        }
    }
}

/// What is wrong with a measure: told without the seed.
type Wrong = Option<String>;

/// Judges it.
pub fn judge(
    marker: &Marker,
    postmortem: &Postmortem,
    runs: &HiddenRuns,
    tool: &dyn RuleTool,
) -> Vec<Item> {
    let of = |kind: MeasureKind| {
        let measures = postmortem.measures.iter();
        measures
            .filter(move |measure| measure.kind == kind)
            .collect::<Vec<_>>()
    };
    let setting = |kind, wanted: fn(&Measure, &HiddenRuns) -> Wrong| {
        best(&of(kind), |measure| {
            unclear(measure)
                .or_else(|| wanted(measure, runs))
                .or_else(|| harms(&settings(measure), runs))
        })
    };
    let prevent = setting(MeasureKind::Prevent, prevents);
    let mitigate = setting(MeasureKind::Mitigate, mitigates);
    let process = best(&of(MeasureKind::Process), unclear);
    let at = |wrong: Wrong| wrong.map(|wrong| (wrong, 0));
    vec![
        marker.predicate("prevention.prevent", 60, at(prevent)),
        marker.predicate("prevention.mitigate", 40, at(mitigate)),
        marker.predicate("prevention.healthy", 30, at(together(postmortem, runs))),
        detect(marker, &of(MeasureKind::Detect), runs, tool),
        marker.predicate("prevention.process", 10, at(process)),
    ]
}

/// What is wrong with the best of the measures of a kind: the reason of the first when none is good.
fn best(measures: &[&Measure], mut wrong: impl FnMut(&Measure) -> Wrong) -> Wrong {
    let mut first = None;
    for measure in measures {
        match wrong(measure) {
            None => return None,
            told => first = first.or(told),
        }
    }
    first.or_else(|| Some("there is no such measure".to_owned()))
}

/// A measure needs somebody who does it, until when, and a sign that it is done.
fn unclear(measure: &Measure) -> Wrong {
    let blank = measure.owner_role.trim().is_empty() || measure.done_when.trim().is_empty();
    match blank || !(1..=365).contains(&measure.due_days) {
        true => {
            Some("it lacks an owner, a date within a year, or a sign that it is done".to_owned())
        }
        false => None,
    }
}

fn settings(measure: &Measure) -> Settings {
    let mut settings = Settings::default();
    apply(&mut settings, measure);
    settings
}

fn apply(settings: &mut Settings, measure: &Measure) {
    if let Change::Setting { setting, value } = &measure.change {
        let (setting, value) =
            Setting::check(setting, *value).expect("measures are checked when read");
        settings.set(setting, value);
    }
}

fn prevents(measure: &Measure, runs: &HiddenRuns) -> Wrong {
    let recurs = runs
        .incident
        .iter()
        .filter(|(case, _)| Probe::of(case, settings(measure)).shows_incident());
    match recurs.count() {
        0 => None,
        count => Some(format!(
            "with it the incident comes again on {count} of {} hidden seeds",
            runs.incident.len()
        )),
    }
}

/// Half the queue, or no incident.
fn mitigates(measure: &Measure, runs: &HiddenRuns) -> Wrong {
    let depth = |probe: &Probe| probe.telemetry.samples.last().map_or(0, |s| s.queue_depth);
    let unmoved = runs.incident.iter().filter(|(case, without)| {
        let with = Probe::of(case, settings(measure));
        with.shows_incident() && depth(&with) * 2 > depth(without)
    });
    match unmoved.count() {
        0 => None,
        count => Some(format!(
            "with it the queue grows to more than half of what it was on {count} of {} hidden seeds",
            runs.incident.len()
        )),
    }
}

/// Whether a healthy system gets worse: fewer verifications by one percent, more errors by a tenth of a percent.
fn harms(settings: &Settings, runs: &HiddenRuns) -> Wrong {
    let worse = runs.healthy.iter().filter(|(case, without)| {
        let with = Probe::of(case, settings.clone());
        let done = |probe: &Probe| probe.balance.completed + probe.balance.rejected;
        let errors = |probe: &Probe| {
            let counters = probe.telemetry.samples.last().map(|last| last.counters);
            counters.map_or(0, |counters| counters.failed)
        };
        let requests = without
            .telemetry
            .samples
            .last()
            .map_or(0, |last| last.counters.succeeded + last.counters.failed);
        done(&with) * 100 < done(without) * 99
            || errors(&with) > errors(without) + requests / 1000
            || with.shows_incident()
    });
    match worse.count() {
        0 => None,
        count => Some(format!(
            "with it a healthy system gets worse on {count} of {} hidden seeds",
            runs.healthy.len()
        )),
    }
}

/// All changes of settings at once.
fn together(postmortem: &Postmortem, runs: &HiddenRuns) -> Wrong {
    let changes = postmortem
        .measures
        .iter()
        .filter(|measure| matches!(measure.change, Change::Setting { .. }));
    let mut all = Settings::default();
    let mut count = 0;
    for measure in changes {
        apply(&mut all, measure);
        count += 1;
    }
    match count {
        0 => Some("no setting is changed".to_owned()),
        _ => harms(&all, runs),
    }
}

fn detect(marker: &Marker, measures: &[&Measure], runs: &HiddenRuns, tool: &dyn RuleTool) -> Item {
    let mut missing = None;
    let wrong = best(measures, |measure| {
        unclear(measure).or_else(|| match fires_rightly(measure, runs, tool) {
            Ok(wrong) => wrong,
            Err(why) => {
                missing = Some(why.clone());
                Some(why)
            }
        })
    });
    match (wrong, missing) {
        (None, _) => marker.predicate("prevention.detect", 60, None),
        (Some(_), Some(why)) => Item {
            status: ItemStatus::NotGraded,
            ..marker.predicate(
                "prevention.detect",
                60,
                Some((format!("not graded: {why}"), 0)),
            )
        },
        (Some(wrong), None) => marker.predicate("prevention.detect", 60, Some((wrong, 0))),
    }
}

fn fires_rightly(
    measure: &Measure,
    runs: &HiddenRuns,
    tool: &dyn RuleTool,
) -> Result<Wrong, String> {
    let Change::Alert { expr, for_s } = &measure.change else {
        unreachable!("measures are checked when read: a detecting one has an alert");
    };
    let rules = detection::rules(expr, *for_s);
    if tool.check(&rules)? != ToolSaid::Holds {
        return Ok(Some("Prometheus does not take the rule".to_owned()));
    }
    for (_, probe) in &runs.incident {
        let test = detection::test(probe, true, IN_TIME_S);
        if tool.test(&rules, &test)? != ToolSaid::Holds {
            let told = format!("it does not fire within {IN_TIME_S} s on a hidden incident");
            return Ok(Some(told));
        }
    }
    for (_, probe) in &runs.healthy {
        if tool.test(&rules, &detection::test(probe, false, u64::MAX / 4))? != ToolSaid::Holds {
            return Ok(Some("it fires on a hidden healthy system".to_owned()));
        }
    }
    Ok(None)
}
