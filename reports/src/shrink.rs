//! A failing run made small, told to people and to machines: `proveniq/shrink/v1`.
//!
//! It shows everything the smaller run consists of, since all of it is needed; where it is saved to be
//! run again stands in a file of another kind.

use serde::{Deserialize, Serialize};
use sim::fault::Fault;

use crate::figures::{count, counted};
use crate::schema::{Document, Schema};
use crate::seed::Seed;
use crate::style::{Role, Style};
use crate::table::{Cell, Table, paragraph};

/// What shrinking came to: `proveniq/shrink/v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShrinkDocument {
    /// `proveniq/shrink/v1`.
    pub schema: Schema<ShrinkDocument>,
    /// The scenario's name.
    pub scenario: String,
    /// The seed of the run that was shrunk.
    pub seed: Seed,
    /// Bugs that were switched on.
    pub defects: Vec<String>,
    /// The check that is violated in both runs.
    pub check: String,
    /// The subject it is violated on.
    pub subject: String,
    /// What is wrong in the smaller run, in a sentence.
    pub claim: String,
    /// How much there was.
    pub before: RunSize,
    /// How much is left.
    pub after: RunSize,
    /// The faults that are left.
    pub faults: Vec<Fault>,
    /// The operations that are left, each in a line.
    pub operations: Vec<String>,
    /// Whether nothing takes longer than its median.
    pub calm: bool,
    /// How many runs it took.
    pub runs: u32,
    /// How much processor time it took.
    #[serde(default)]
    pub processor_ms: u64,
    /// Whether nothing that is left can be taken away alone; else the budget of runs or of processor time ended
    /// the search.
    pub minimal: bool,
    /// The one command that runs the smaller run.
    pub reproduce: String,
}

/// How much there is to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSize {
    /// Faults that strike.
    pub faults: u64,
    /// Operations of clients.
    pub operations: u64,
    /// Events.
    pub events: u64,
    /// Simulated milliseconds.
    pub simulated_ms: u64,
}

impl Document for ShrinkDocument {
    const SCHEMA: &'static str = "proveniq/shrink/v1";
}

impl ShrinkDocument {
    /// For people; ends with a line break.
    pub fn to_text(&self, style: Style) -> String {
        let mut out = String::new();
        let scenario = style.paint(Role::Head, &self.scenario);
        out.push_str(&format!("{scenario}  seed {}\n", self.seed));
        if !self.defects.is_empty() {
            let defects = format!("with {}", self.defects.join(", "));
            paragraph(&mut out, style, 0, Role::Faint, &defects);
        }
        out.push('\n');
        let failure = format!("{} on {}: {}", self.check, self.subject, self.claim);
        paragraph(&mut out, style, 0, Role::Bad, &failure);
        out.push('\n');
        self.write_sizes(style, &mut out);
        let faults = self.faults.iter().map(Fault::to_string).collect();
        write_list(style, "Faults", faults, &mut out);
        write_list(style, "Operations", self.operations.clone(), &mut out);
        out.push('\n');
        let chance = match self.calm {
            true => "Chance has no part in how long things take: all take their median.",
            false => "How long things take is drawn by the schedule's seed, by name.",
        };
        paragraph(&mut out, style, 0, Role::Faint, chance);
        let rest = match self.minimal {
            true => "No fault and no operation can be taken away alone.",
            false => "The budget ended the search: more may be taken away (--budget, --runs).",
        };
        paragraph(&mut out, style, 0, Role::Faint, rest);
        let command = style.paint(Role::Command, &self.reproduce);
        out.push_str(&format!("\nrun it again:  {command}\n"));
        out
    }

    fn write_sizes(&self, style: Style, out: &mut String) {
        let mut table = Table::new(2);
        for (label, before, after) in [
            ("faults", self.before.faults, self.after.faults),
            ("operations", self.before.operations, self.after.operations),
            ("events", self.before.events, self.after.events),
        ] {
            table.row([
                Cell::left(Role::Faint, label),
                Cell::right(Role::Plain, count(before)),
                Cell::left(Role::Faint, "→"),
                Cell::left(Role::Head, count(after)),
            ]);
        }
        table.write(style, out);
        let runs = counted(u64::from(self.runs), "run", "runs");
        let seconds = self.processor_ms as f64 / 1_000.0;
        let cost = format!("in {runs} and {seconds:.1} s of processor time");
        paragraph(out, style, 2, Role::Faint, &cost);
    }
}

fn write_list(style: Style, title: &str, lines: Vec<String>, out: &mut String) {
    out.push_str(&format!("\n{}\n", style.paint(Role::Head, title)));
    if lines.is_empty() {
        paragraph(out, style, 2, Role::Faint, "none");
    }
    for line in lines {
        paragraph(out, style, 2, Role::Plain, &line);
    }
}
