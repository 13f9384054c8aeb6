//! Criterion 5, alerts: whether each rule fires in time on hidden incidents and stays silent on healthy systems.
//!
//! Prometheus itself judges. A rule that always fires, or never, is worth nothing: the shares are multiplied. Whoever hands in
//! a rule that Prometheus cannot judge here has the points open, not lost.

use super::prevention::{HiddenRuns, unclear};
use super::{Lost, Marker};
use crate::detection::{self, Expectation, IN_TIME_S, RuleTool, ToolSaid};
use crate::document::{Item, ItemStatus};
use crate::submission::postmortem::{Change, Measure};

const ID: &str = "prevention.detect";
const POINTS: u32 = 60;

/// How a rule did: on how many incidents it fired, and on how many healthy systems it did not.
struct Score {
    fired: usize,
    silent: usize,
}

/// Judges the alerts: what the worst of them is worth.
pub fn judge(
    marker: &Marker,
    measures: &[&Measure],
    runs: &HiddenRuns,
    tool: &dyn RuleTool,
) -> Item {
    let items = measures.iter().map(|measure| match unclear(measure) {
        Some(told) => nothing(marker, &told),
        None => match score(measure, runs, tool) {
            Ok(Some(score)) => worth(marker, &score, runs),
            Ok(None) => nothing(marker, "Prometheus does not take the rule"),
            Err(why) => Item {
                status: ItemStatus::NotGraded,
                ..nothing(marker, &format!("not graded: {why}"))
            },
        },
    });
    // Each rule must be good, so the worst counts; one that is worth nothing decides, whatever is open of the others.
    let worst = items.min_by_key(|item| (item.points, item.status == ItemStatus::NotGraded));
    worst.unwrap_or_else(|| nothing(marker, "there is no such measure"))
}

fn nothing(marker: &Marker, told: &str) -> Item {
    let command = "proveniq incident actions".to_owned();
    marker.shown(ID, 0, POINTS, (told.to_owned(), command))
}

fn worth(marker: &Marker, score: &Score, runs: &HiddenRuns) -> Item {
    let (incidents, healthy) = (runs.incident.len(), runs.healthy.len());
    let share = POINTS as usize * score.fired * score.silent;
    let points = share / (incidents * healthy).max(1);
    let lost: Lost = match incidents - score.fired {
        0 => {
            let count = healthy - score.silent;
            let told = format!("it fires on {count} of {healthy} hidden healthy systems");
            (told, marker.hidden_probe(" --healthy"))
        }
        count => {
            let told = format!(
                "it does not fire within {IN_TIME_S} s on {count} of {incidents} hidden incidents"
            );
            (told, marker.hidden_probe(""))
        }
    };
    marker.shown(ID, points as u32, POINTS, lost)
}

/// How a rule does; nothing when Prometheus does not take it.
fn score(
    measure: &Measure,
    runs: &HiddenRuns,
    tool: &dyn RuleTool,
) -> Result<Option<Score>, String> {
    let Change::Alert { expr, for_s } = &measure.change else {
        unreachable!("measures are checked when read: a detecting one has an alert");
    };
    let rules = detection::rules(expr, *for_s);
    if tool.check(&rules)? != ToolSaid::Holds {
        return Ok(None);
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
    Ok(Some(Score { fired, silent }))
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
