//! How small the failing runs of a hunt become, and at what cost: a part of `proveniq/hunt/v1`.

use serde::{Deserialize, Serialize};

use crate::figures::counted;
use crate::style::{Role, Style};
use crate::table::{Cell, Table, paragraph};

/// One failing run, shrunk for the check that must catch its defect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShrunkRun {
    /// The defect.
    pub defect: String,
    /// How the run was chosen.
    pub strategy: String,
    /// Which search found it, counted from 0.
    pub repetition: u32,
    /// How many faults are left.
    pub faults: u64,
    /// How many operations are left.
    pub operations: u64,
    /// How many runs it took.
    pub runs: u32,
    /// How much processor time it took.
    pub processor_ms: u64,
    /// Whether nothing that is left can be taken away alone.
    pub minimal: bool,
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shrinking {
    /// How much processor time each might take, give or take a run.
    pub budget_s: u64,
    /// Each run.
    pub shrunk: Vec<ShrunkRun>,
    /// The middle number of faults that are left; the later of two in the middle, here and below.
    pub median_faults: u64,
    /// The middle number of operations that are left.
    pub median_operations: u64,
    /// The middle processor time.
    pub median_processor_ms: u64,
    /// How many are minimal.
    pub minimal: u64,
}

impl Shrinking {
    /// Sums them up; nothing when none was shrunk.
    pub fn of(budget_s: u64, shrunk: Vec<ShrunkRun>) -> Option<Shrinking> {
        let median = |of: fn(&ShrunkRun) -> u64| {
            let mut sorted: Vec<u64> = shrunk.iter().map(of).collect();
            sorted.sort_unstable();
            sorted.get(sorted.len() / 2).copied()
        };
        Some(Shrinking {
            budget_s,
            median_faults: median(|it| it.faults)?,
            median_operations: median(|it| it.operations)?,
            median_processor_ms: median(|it| it.processor_ms)?,
            minimal: shrunk.iter().filter(|it| it.minimal).count() as u64,
            shrunk,
        })
    }

    pub(crate) fn write(&self, style: Style, out: &mut String) {
        out.push_str(&format!("\n{}\n", style.paint(Role::Head, "Shrunk")));
        let mut table = Table::new(2);
        for it in &self.shrunk {
            let (role, mark) = match it.minimal {
                true => (Role::Good, "minimal"),
                false => (Role::Doubt, "budget spent"),
            };
            table.row([
                Cell::left(Role::Plain, &it.defect),
                Cell::left(Role::Faint, &it.strategy),
                Cell::right(Role::Plain, counted(it.faults, "fault", "faults")),
                Cell::right(
                    Role::Plain,
                    counted(it.operations, "operation", "operations"),
                ),
                Cell::right(Role::Faint, counted(u64::from(it.runs), "run", "runs")),
                Cell::right(Role::Plain, seconds(it.processor_ms)),
                Cell::left(role, mark),
            ]);
        }
        table.write(style, out);
        let text = format!(
            "median {}, {}, {} of processor time; {} of {} minimal within {} s each",
            counted(self.median_faults, "fault", "faults"),
            counted(self.median_operations, "operation", "operations"),
            seconds(self.median_processor_ms),
            self.minimal,
            self.shrunk.len(),
            self.budget_s
        );
        paragraph(out, style, 2, Role::Plain, &text);
    }
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100)
}
