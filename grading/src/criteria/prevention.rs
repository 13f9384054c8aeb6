//! Criterion 5: whether the measures would have helped, by replay on hidden seeds, and do no harm on healthy ones.
//!
//! Every change of a setting is applied before the incident, each by itself and all together. Each measure must
//! help: who lists what might help does not know what does.

use model::incident::case::Case;
use model::incident::cause::CauseKind;
use model::incident::episode::Probe;
use model::incident::settings::{Setting, Settings};

use super::{Judged, Lost, Marker, alerts};
use crate::detection::RuleTool;
use crate::document::Item;
use crate::evidence::{Evidence, Seeds};
use crate::hidden::HiddenSeeds;
use crate::submission::POSTMORTEM;
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

/// A measure with its place in the post-mortem.
type Placed<'a> = (usize, &'a Measure);

/// A measure's place, as evidence names it.
pub(super) fn part(place: usize) -> String {
    format!("measures[{place}]")
}

/// An item judged by a part of the post-mortem, and by hidden seeds or not.
pub(super) fn item(name: &str, points: u32, part: &str, hidden: bool) -> Judged {
    let evidence = vec![Evidence::submitted(POSTMORTEM, part)];
    let judged = Judged::of(&format!("prevention.{name}"), points, evidence);
    match hidden {
        true => judged.hidden(),
        false => judged,
    }
}

/// Judges it.
pub fn judge(
    marker: &Marker,
    postmortem: &Postmortem,
    runs: &HiddenRuns,
    tool: &dyn RuleTool,
) -> Vec<Item> {
    let of = |kind: MeasureKind| {
        let measures = postmortem.measures.iter().enumerate();
        measures
            .filter(|(_, measure)| measure.kind == kind)
            .collect::<Vec<Placed<'_>>>()
    };
    let (prevents, mitigates) = (of(MeasureKind::Prevent), of(MeasureKind::Mitigate));
    let view = View { marker, runs };
    let harm = view.harm(&prevents);
    let of_its_own = match repeated(&prevents, &mitigates) {
        Some(_) => Some(no_measure(
            "it is the measure that prevents, told again: name another",
        )),
        None => view.harm(&mitigates),
    };
    let [gone, milder] = view.helped(&prevents);
    let [_, mitigated] = view.helped(&mitigates);
    let mut items = vec![
        stated("prevent_stated", 10, &prevents),
        view.share("prevent_milder", &prevents, harm.clone(), milder),
        view.share("prevent_gone", &prevents, harm, gone),
        stated("mitigate_stated", 15, &mitigates),
        view.share("mitigate_milder", &mitigates, of_its_own, mitigated),
    ];
    items.extend(view.together(postmortem));
    items.extend(alerts::judge(marker, &of(MeasureKind::Detect), runs, tool));
    items.push(stated("process", 10, &of(MeasureKind::Process)));
    items
}

/// A loss that the catalogue mends.
fn no_measure(told: &str) -> Lost {
    Lost::by(told, CATALOGUE)
}

const NONE: &str = "there is no such measure";

/// Whether there are measures of a kind, each with what it needs beside its change.
fn stated(name: &str, points: u32, measures: &[Placed<'_>]) -> Item {
    let vague = measures
        .iter()
        .find_map(|(place, measure)| Some((*place, unclear(measure)?)));
    let place = vague.as_ref().map(|(place, _)| *place);
    let place = place.or(measures.first().map(|(place, _)| *place));
    let lost = match (measures.is_empty(), vague) {
        (true, _) => Some(no_measure(NONE)),
        (false, vague) => vague.map(|(_, told)| no_measure(&told)),
    };
    let part = place.map_or("measures".to_owned(), part);
    item(name, points, &part, false).all_or_nothing(lost)
}

/// A change that is to prevent and to mitigate: one measure, told twice. Another value of the same setting is another
/// measure, since one cause has no second setting.
fn repeated<'a>(prevents: &[Placed<'a>], mitigates: &[Placed<'a>]) -> Option<&'a Measure> {
    let measures = mitigates.iter().map(|(_, measure)| *measure);
    let mut again = measures.filter(|it| {
        prevents
            .iter()
            .any(|(_, prevent)| prevent.change == it.change)
    });
    again.next()
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

/// Whether a healthy system does less: fewer verifications by one percent, or an incident of its own.
fn does_less(with: &Probe, without: &Probe) -> bool {
    let done = |probe: &Probe| probe.balance.completed + probe.balance.rejected;
    done(with) * 100 < done(without) * 99 || with.shows_incident()
}

/// Whether in a healthy system more fails, by a tenth of a percent of the requests.
fn fails_more(with: &Probe, without: &Probe) -> bool {
    let counters = |probe: &Probe| {
        let last = probe.telemetry.samples.last();
        last.map(|last| last.counters).unwrap_or_default()
    };
    let (now, before) = (counters(with), counters(without));
    now.failed > before.failed + (before.succeeded + before.failed) / 1000
}

/// On how many hidden healthy systems changes do harm.
#[derive(Clone, Copy, Default)]
struct Harm {
    less_done: usize,
    more_failed: usize,
    either: usize,
}

/// How many hidden incidents were helped, and the first measure that did not help in one.
#[derive(Clone, Copy, Default)]
struct Helped<'a> {
    count: usize,
    first: Option<&'a Measure>,
}

struct View<'a> {
    marker: &'a Marker,
    runs: &'a HiddenRuns,
}

impl View<'_> {
    fn harm_of(&self, measures: &[&Measure]) -> Harm {
        let settings = settings(measures.iter().copied());
        let mut harm = Harm::default();
        for (case, without) in &self.runs.healthy {
            let with = Probe::of(case, settings.clone());
            let (less, more) = (does_less(&with, without), fails_more(&with, without));
            harm.less_done += usize::from(less);
            harm.more_failed += usize::from(more);
            harm.either += usize::from(less || more);
        }
        harm
    }

    /// What is told of measures that do harm on so many healthy systems.
    fn harmful(&self, what: &str, count: usize, measures: &[&Measure]) -> Lost {
        let all = self.runs.healthy.len();
        let options = format!("{} --healthy", options(measures.iter().copied()));
        let told = format!("with it {what} on {count} of {all} hidden seeds");
        Lost::by(told, self.marker.hidden_probe(&options))
            .in_brief(&format!("with it {what} on hidden seeds"))
            .seen(hidden_runs(&options, all - count, all))
    }

    /// What there is against measures before anybody asks whether they help: that there is none, or that one does harm.
    fn harm(&self, measures: &[Placed<'_>]) -> Option<Lost> {
        if measures.is_empty() {
            return Some(no_measure(NONE));
        }
        measures.iter().find_map(|(_, measure)| {
            let harm = self.harm_of(&[measure]);
            let told = "a healthy system gets worse";
            (harm.either > 0).then(|| self.harmful(told, harm.either, &[measure]))
        })
    }

    /// On how many hidden incidents every measure helps by itself: so that there is none, and so that it is
    /// milder at least.
    fn helped<'m>(&self, measures: &[Placed<'m>]) -> [Helped<'m>; 2] {
        let ways: [fn(&Probe, &Probe) -> bool; 2] = [prevents_it, mitigates_it];
        let mut helped = ways.map(|_| Helped::default());
        for (case, without) in &self.runs.incident {
            let with = measures.iter().map(|(_, measure)| {
                let probe = Probe::of(case, settings([*measure]));
                (*measure, ways.map(|helps| helps(&probe, without)))
            });
            let with: Vec<(&Measure, [bool; 2])> = with.collect();
            for (way, helped) in helped.iter_mut().enumerate() {
                let useless = with.iter().find(|(_, helps)| !helps[way]);
                helped.count += usize::from(useless.is_none());
                helped.first = helped.first.or(useless.map(|(measure, _)| *measure));
            }
        }
        helped
    }

    /// Points by the share of hidden incidents that were helped; none when there is something against the measures.
    fn share(
        &self,
        name: &str,
        measures: &[Placed<'_>],
        against: Option<Lost>,
        helped: Helped<'_>,
    ) -> Item {
        let place = measures.first().map(|(place, _)| part(*place));
        let judged = item(name, 25, &place.unwrap_or("measures".to_owned()), true);
        if against.is_some() {
            return judged.all_or_nothing(against);
        }
        let (count, all) = (helped.count, self.runs.incident.len());
        let what = match name {
            "prevent_gone" => "an incident shows all the same",
            _ => "more than half of the queue is left",
        };
        let options = options(helped.first);
        let told = format!("{what} on {} of {all} hidden seeds", all - count);
        let lost = Lost::by(told, self.marker.hidden_probe(&options))
            .in_brief(&format!("{what} on hidden seeds"))
            .seen(hidden_runs(&options, count, all));
        judged.share(count as u64, all as u64, lost)
    }

    /// All changes of settings at once.
    fn together(&self, postmortem: &Postmortem) -> [Item; 2] {
        let all: Vec<&Measure> = postmortem
            .measures
            .iter()
            .filter(|measure| matches!(measure.change, Change::Setting { .. }))
            .collect();
        let harm = match all.is_empty() {
            true => None,
            false => Some(self.harm_of(&all)),
        };
        let judged = |name: &str, what: &str, count: fn(Harm) -> usize| {
            let lost = match harm.map(count) {
                None => Some(no_measure("no setting is changed")),
                Some(0) => None,
                Some(count) => Some(self.harmful(what, count, &all)),
            };
            item(name, 15, "measures", true).all_or_nothing(lost)
        };
        [
            judged("healthy_work", "a healthy system does less", |it| {
                it.less_done
            }),
            judged("healthy_errors", "more fails in a healthy system", |it| {
                it.more_failed
            }),
        ]
    }
}

/// Of how many hidden runs with these options what was asked for is so.
pub(super) fn hidden_runs(options: &str, good: usize, of: usize) -> Evidence {
    Evidence::Runs {
        seeds: Seeds::Hidden,
        what: options.trim().to_owned(),
        good: good as u64,
        of: of as u64,
    }
}
