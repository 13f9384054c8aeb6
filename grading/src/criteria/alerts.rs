//! Criterion 5, alerts: whether each rule fires in time on hidden incidents and stays silent on healthy systems.
//!
//! Prometheus itself judges. A rule that always fires is worth nothing for firing, and one that never does is
//! worth nothing for its silence. Whoever hands in a rule that Prometheus cannot judge here has the points open,
//! not lost.

use super::prevention::{HiddenRuns, hidden_runs, part, unclear};
use super::{Judged, Lost, Marker};
use crate::detection::{self, Expectation, IN_TIME_S, RuleTool, ToolSaid};
use crate::document::{Item, ItemStatus};
use crate::submission::postmortem::{Change, Measure};

/// What became of a rule.
enum Rule {
    /// Prometheus does not take it.
    NotTaken,
    /// Nobody here can tell.
    Open(String),
    /// On how many incidents it fired, and on how many healthy systems it did not.
    Judged { fired: usize, silent: usize },
}

/// What is asked of a rule.
#[derive(Clone, Copy)]
enum Asked {
    Stated,
    Fires,
    Silent,
}

const NONE: &str = "there is no such measure";
const CATALOGUE: &str = "proveniq incident actions";

/// Judges the alerts: in each respect what the worst of them is worth.
pub fn judge(
    marker: &Marker,
    measures: &[(usize, &Measure)],
    runs: &HiddenRuns,
    tool: &dyn RuleTool,
) -> Vec<Item> {
    let rules = measures.iter().map(|(place, measure)| {
        let rule = match score(measure, runs, tool) {
            Ok(rule) => rule,
            Err(why) => Rule::Open(why),
        };
        (*place, *measure, rule)
    });
    let rules: Vec<(usize, &Measure, Rule)> = rules.collect();
    let view = View { marker, runs };
    let asked = [Asked::Stated, Asked::Fires, Asked::Silent];
    let items = asked.map(|asked| {
        let items = rules.iter().map(|rule| view.item(asked, rule));
        // Each rule must be good, so the worst counts; one that is worth nothing decides, whatever is open of the others.
        let worst = items.min_by_key(|item| (item.points, item.status == ItemStatus::NotGraded));
        worst.unwrap_or_else(|| {
            view.judged(asked, "measures")
                .all_or_nothing(Some(Lost::by(NONE, CATALOGUE)))
        })
    });
    items.into()
}

struct View<'a> {
    marker: &'a Marker,
    runs: &'a HiddenRuns,
}

impl View<'_> {
    fn judged(&self, asked: Asked, part: &str) -> Judged {
        let (name, points) = match asked {
            Asked::Stated => ("detect_stated", 10),
            Asked::Fires => ("detect_fires", 25),
            Asked::Silent => ("detect_silent", 25),
        };
        super::prevention::item(name, points, part, !matches!(asked, Asked::Stated))
    }

    fn item(&self, asked: Asked, (place, measure, rule): &(usize, &Measure, Rule)) -> Item {
        let judged = self.judged(asked, &part(*place));
        let nothing = |told: &str| Lost::by(told, CATALOGUE);
        match (rule, asked) {
            (Rule::NotTaken, _) => {
                judged.all_or_nothing(Some(nothing("Prometheus does not take the rule")))
            }
            (_, Asked::Stated) if unclear(measure).is_some() => {
                judged.all_or_nothing(unclear(measure).map(|told| nothing(&told)))
            }
            (Rule::Open(why), _) => Item {
                status: ItemStatus::NotGraded,
                ..judged.all_or_nothing(Some(nothing(&format!("not graded: {why}"))))
            },
            (Rule::Judged { .. }, Asked::Stated) => judged.all_or_nothing(None),
            (Rule::Judged { fired, silent }, Asked::Fires) => self.fires(judged, *fired, *silent),
            (Rule::Judged { fired, silent }, Asked::Silent) => self.silent(judged, *fired, *silent),
        }
    }

    /// By the share of hidden incidents; nothing for a rule that cries wolf on every healthy system.
    fn fires(&self, judged: Judged, fired: usize, silent: usize) -> Item {
        let (incidents, healthy) = (self.runs.incident.len(), self.runs.healthy.len());
        let told = format!(
            "it does not fire within {IN_TIME_S} s on {} of {incidents} hidden incidents",
            incidents - fired
        );
        let lost = Lost::by(told, self.marker.hidden_probe(""))
            .in_brief("it does not fire in time on every hidden incident")
            .seen(hidden_runs("", fired, incidents));
        match silent {
            0 => judged.all_or_nothing(Some(self.wolf(0, healthy))),
            _ => judged.share(fired as u64, incidents as u64, lost),
        }
    }

    /// By the share of healthy systems; nothing for a rule that never fires.
    fn silent(&self, judged: Judged, fired: usize, silent: usize) -> Item {
        let healthy = self.runs.healthy.len();
        match fired {
            0 => {
                let told = "it fires on no hidden incident, and so is silent for nothing";
                let lost = Lost::by(told, self.marker.hidden_probe(""))
                    .in_brief("it fires on no hidden incident")
                    .seen(hidden_runs("", 0, self.runs.incident.len()));
                judged.all_or_nothing(Some(lost))
            }
            _ => judged.share(silent as u64, healthy as u64, self.wolf(silent, healthy)),
        }
    }

    fn wolf(&self, silent: usize, healthy: usize) -> Lost {
        let told = format!(
            "it fires on {} of {healthy} hidden healthy systems",
            healthy - silent
        );
        Lost::by(told, self.marker.hidden_probe(" --healthy"))
            .in_brief("it fires on hidden healthy systems")
            .seen(hidden_runs(" --healthy", silent, healthy))
    }
}

/// How a rule does.
fn score(measure: &Measure, runs: &HiddenRuns, tool: &dyn RuleTool) -> Result<Rule, String> {
    let Change::Alert { expr, for_s } = &measure.change else {
        unreachable!("measures are checked when read: a detecting one has an alert");
    };
    let rules = detection::rules(expr, *for_s);
    if tool.check(&rules)? != ToolSaid::Holds {
        return Ok(Rule::NotTaken);
    }
    let incident = runs.incident.iter().map(|(_, probe)| Expectation {
        probe,
        fires: true,
        within_s: IN_TIME_S,
    });
    let healthy = runs.healthy.iter().map(|(_, probe)| Expectation {
        probe,
        fires: false,
        within_s: u64::MAX / 4,
    });
    let fired = held(&rules, &incident.collect::<Vec<_>>(), tool)?;
    let silent = held(&rules, &healthy.collect::<Vec<_>>(), tool)?;
    Ok(Rule::Judged { fired, silent })
}

/// How many expectations hold: all at once are asked first, and one by one only when some do not.
fn held(rules: &str, all: &[Expectation<'_>], tool: &dyn RuleTool) -> Result<usize, String> {
    let holds = |some: &[Expectation<'_>]| -> Result<bool, String> {
        let said = tool.test(rules, &detection::test(some))?;
        Ok(said == ToolSaid::Holds)
    };
    if holds(all)? {
        return Ok(all.len());
    }
    let mut count = 0;
    for one in all {
        count += usize::from(holds(std::slice::from_ref(one))?);
    }
    Ok(count)
}
