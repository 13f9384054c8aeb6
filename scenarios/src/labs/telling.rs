//! How trials and marks are told: what broke, where to look, and the command that shows it again.

use std::fmt::Write;

use super::Lab;
use super::exam::{CATEGORIES, POINTS};
use super::marks::Marks;
use super::policy::{Kind, Knob};
use super::trial::Trial;
use crate::setup::quoted;

/// What a lab is, and what its policies may say.
pub fn lab(lab: &Lab) -> String {
    let mut told = format!("{}  {}\n  {}\n", lab.name, lab.title, lab.teaches);
    let _ = writeln!(told, "\n  a policy may set");
    let widest = |of: fn(&Knob) -> usize| lab.knobs.iter().map(of).max().unwrap_or(0);
    let keys = widest(|knob| knob.key.len());
    let values = widest(|knob| bounds(knob).len());
    for knob in lab.knobs {
        let (key, value, meaning) = (knob.key, bounds(knob), knob.meaning);
        let _ = writeln!(told, "    {key:<keys$}  {value:<values$}  {meaning}");
    }
    let _ = writeln!(told, "\n  must hold under every seed");
    for criterion in lab.criteria {
        let _ = writeln!(told, "    {:<24} {}", criterion.name, criterion.promise);
    }
    told.push('\n');
    told
}

fn bounds(knob: &Knob) -> String {
    let default = knob.default.trim_matches('"');
    match knob.kind {
        Kind::Number(low, high) => format!("{low} to {high} ({default})"),
        Kind::Word(words) => format!("{} ({default})", words.join(" | ")),
        Kind::Switch => format!("true | false ({default})"),
        Kind::Numbers(most, low, high, _) => format!("up to {most}, each {low} to {high}"),
    }
}

/// What a trial under a known seed came to.
pub fn trial(lab: &Lab, policy: &str, trial: &Trial) -> String {
    let mut told = String::new();
    let verdict = match trial.lapses.is_empty() {
        true => "every criterion held",
        false => "broke",
    };
    let _ = writeln!(told, "{} seed {}: {verdict}", lab.name, trial.seed);
    for lapse in &trial.lapses {
        let _ = writeln!(told, "  ✗ {lapse}");
        let found = lab.criteria.iter().find(|it| it.name == lapse.criterion);
        if let Some(criterion) = found {
            let _ = writeln!(told, "    wanted: {}", criterion.promise);
            let _ = writeln!(told, "    look at: {}", criterion.look);
        }
    }
    if !trial.lapses.is_empty() {
        let _ = writeln!(
            told,
            "  run it again:  proveniq lab run {} --policy {} --seed {}",
            lab.name,
            quoted(policy),
            trial.seed
        );
    }
    told
}

/// What many trials came to, with what was wrong under the first seed a criterion did not hold under. Which seed
/// that was is told only when seeds may be: a hidden one is not before it is revealed.
pub fn marks(lab: &Lab, marks: &Marks, seeds_may_be_told: bool) -> String {
    let mut told = format!("{} under {} seeds\n", lab.name, marks.seeds);
    for criterion in lab.criteria {
        let lapses = marks.lapses.get(criterion.name);
        let sign = if lapses.is_none() { '✓' } else { '✗' };
        let held = marks.seeds - marks.lapsed(criterion.name);
        let _ = writeln!(told, "  {sign} {:<20} held under {held}", criterion.name);
        let Some(lapses) = lapses else { continue };
        let _ = writeln!(told, "    such as: {}", lapses.told);
        let _ = writeln!(told, "    wanted: {}", criterion.promise);
        let _ = writeln!(told, "    look at: {}", criterion.look);
        if seeds_may_be_told {
            let _ = writeln!(told, "    under seed {}", lapses.seed);
        }
    }
    told
}

/// What an exam came to.
pub fn exam(points: &[u64], passed: bool) -> String {
    let mut told = String::from("Exam\n");
    for (category, points) in CATEGORIES.iter().zip(points) {
        let _ = writeln!(told, "  {:<20} {points} of {POINTS}", category.title);
    }
    let most = POINTS * CATEGORIES.len() as u64;
    let verdict = if passed { "passed" } else { "failed" };
    let _ = writeln!(
        told,
        "{verdict}: {} of {most} points",
        points.iter().sum::<u64>()
    );
    told
}
