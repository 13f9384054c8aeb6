//! Criterion 5: whether the measures would have helped, by replay on hidden seeds, and do no harm on healthy ones.
//!
//! Every change of a setting is applied before the incident, each by itself and all together. Each measure must help: who
//! lists what might help does not know what does.

use model::incident::case::Case;
use model::incident::cause::CauseKind;
use model::incident::episode::Probe;
use model::incident::settings::{Setting, Settings};

use super::{Lost, Marker, alerts};
use crate::detection::RuleTool;
use crate::document::Item;
use crate::hidden::HiddenSeeds;
use crate::submission::postmortem::{Change, Measure, MeasureKind, Postmortem};

/// Seeds beside the public one, and how they go without any measure.
pub struct HiddenRuns {
    /// Those with the incident.
    pub incident: Vec<(Case, Probe)>,
    /// Those without.
    pub healthy: Vec<(Case, Probe)>,
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

/// The command of who asks what there is.
const CATALOGUE: &str = "proveniq incident actions";

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
    let (prevents, mitigates) = (of(MeasureKind::Prevent), of(MeasureKind::Mitigate));
    let view = View { marker, runs };
    let of_its_own = match repeated(&prevents, &mitigates) {
        Some(_) => {
            let told = "it is the measure that prevents, told again: name another".to_owned();
            Err((told, CATALOGUE.to_owned()))
        }
        None => view.sound(&mitigates),
    };
    let process = match of(MeasureKind::Process) {
        none if none.is_empty() => Some("there is no such measure".to_owned()),
        measures => measures.iter().find_map(|measure| unclear(measure)),
    };
    let process = process.map(|told| (told, CATALOGUE.to_owned()));
    vec![
        view.share("prevent", 60, &prevents, view.sound(&prevents), prevents_it),
        view.share("mitigate", 40, &mitigates, of_its_own, mitigates_it),
        marker.all_or_nothing("prevention.healthy", 30, view.together(postmortem)),
        alerts::judge(marker, &of(MeasureKind::Detect), runs, tool),
        marker.all_or_nothing("prevention.process", 10, process),
    ]
}

/// A change that is to prevent and to mitigate: one measure, told twice. Another value of the same setting is another
/// measure, since one cause has no second setting.
fn repeated<'a>(prevents: &[&'a Measure], mitigates: &[&'a Measure]) -> Option<&'a Measure> {
    let known = |it: &&Measure| prevents.iter().any(|prevent| prevent.change == it.change);
    mitigates.iter().copied().find(known)
}

/// A measure needs somebody who does it, until when, and a sign that it is done; one of people also what they do.
pub(super) fn unclear(measure: &Measure) -> Option<String> {
    let blank = measure.owner_role.trim().is_empty() || measure.done_when.trim().is_empty();
    let idle = matches!(&measure.change, Change::Process { process } if process.trim().is_empty());
    match () {
        () if idle => Some("it does not say what people do".to_owned()),
        () if blank || !(1..=365).contains(&measure.due_days) => {
            Some("it lacks an owner, a date within a year, or a sign that it is done".to_owned())
        }
        () => None,
    }
}

fn apply(settings: &mut Settings, measure: &Measure) {
    if let Change::Setting { setting, value } = &measure.change {
        let (setting, value) =
            Setting::check(setting, *value).expect("measures are checked when read");
        settings.set(setting, value);
    }
}

fn settings<'a>(measures: impl IntoIterator<Item = &'a Measure>) -> Settings {
    let mut settings = Settings::default();
    for measure in measures {
        apply(&mut settings, measure);
    }
    settings
}

/// Settings as options of a command.
fn options<'a>(measures: impl IntoIterator<Item = &'a Measure>) -> String {
    let mut options = String::new();
    for measure in measures {
        if let Change::Setting { setting, value } = &measure.change {
            options.push_str(&format!(" --set {setting}={value}"));
        }
    }
    options
}

fn prevents_it(with: &Probe, _: &Probe) -> bool {
    !with.shows_incident()
}

/// Half the queue, or no incident.
fn mitigates_it(with: &Probe, without: &Probe) -> bool {
    let depth = |probe: &Probe| probe.telemetry.samples.last().map_or(0, |s| s.queue_depth);
    !with.shows_incident() || depth(with) * 2 <= depth(without)
}

/// Whether a healthy system gets worse: fewer verifications by one percent, more errors by a tenth of a percent.
fn is_worse(with: &Probe, without: &Probe) -> bool {
    let done = |probe: &Probe| probe.balance.completed + probe.balance.rejected;
    let counters = |probe: &Probe| {
        let last = probe.telemetry.samples.last();
        last.map(|last| last.counters).unwrap_or_default()
    };
    let (now, before) = (counters(with), counters(without));
    done(with) * 100 < done(without) * 99
        || now.failed > before.failed + (before.succeeded + before.failed) / 1000
        || with.shows_incident()
}

struct View<'a> {
    marker: &'a Marker,
    runs: &'a HiddenRuns,
}

impl View<'_> {
    /// Whether there are measures, all of them clear and harmless.
    fn sound(&self, measures: &[&Measure]) -> Result<(), Lost> {
        if measures.is_empty() {
            return Err(("there is no such measure".to_owned(), CATALOGUE.to_owned()));
        }
        for measure in measures {
            if let Some(told) = unclear(measure) {
                return Err((told, CATALOGUE.to_owned()));
            }
            self.harmless(&[*measure])?;
        }
        Ok(())
    }

    fn harmless(&self, measures: &[&Measure]) -> Result<(), Lost> {
        let settings = settings(measures.iter().copied());
        let healthy = self.runs.healthy.iter();
        let worse =
            healthy.filter(|(case, without)| is_worse(&Probe::of(case, settings.clone()), without));
        match worse.count() {
            0 => Ok(()),
            count => {
                let all = self.runs.healthy.len();
                let told =
                    format!("with it a healthy system gets worse on {count} of {all} hidden seeds");
                let options = format!("{} --healthy", options(measures.iter().copied()));
                Err((told, self.marker.hidden_probe(&options)))
            }
        }
    }

    /// Points by the share of hidden incidents on which every measure helps by itself.
    fn share(
        &self,
        name: &str,
        most: u32,
        measures: &[&Measure],
        sound: Result<(), Lost>,
        helps: fn(&Probe, &Probe) -> bool,
    ) -> Item {
        let id = format!("prevention.{name}");
        if let Err(lost) = sound {
            return self.marker.shown(&id, 0, most, lost);
        }
        let mut first = None;
        let helped = self.runs.incident.iter().filter(|(case, without)| {
            let with = |measure: &Measure| Probe::of(case, settings([measure]));
            let useless = measures.iter().find(|it| !helps(&with(it), without));
            first = first.or(useless.copied());
            useless.is_none()
        });
        let (helped, all) = (helped.count(), self.runs.incident.len());
        let points = most as usize * helped / all.max(1);
        let told = format!(
            "it does not {name} on {} of {all} hidden seeds",
            all - helped
        );
        let command = self.marker.hidden_probe(&options(first));
        self.marker.shown(&id, points as u32, most, (told, command))
    }

    /// All changes of settings at once.
    fn together(&self, postmortem: &Postmortem) -> Option<Lost> {
        let all: Vec<&Measure> = postmortem
            .measures
            .iter()
            .filter(|measure| matches!(measure.change, Change::Setting { .. }))
            .collect();
        match all.is_empty() {
            true => Some(("no setting is changed".to_owned(), CATALOGUE.to_owned())),
            false => self.harmless(&all).err(),
        }
    }
}
