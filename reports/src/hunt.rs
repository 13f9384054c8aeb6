//! A hunt told to people and machines: `proveniq/hunt/v1`, how soon planted bugs are found.

use serde::{Deserialize, Serialize};

use crate::figures::{count, counted};
use crate::hunt_shrinking::Shrinking;
use crate::schema::{Document, Schema};
use crate::style::{Role, Style};
use crate::table::{Cell, Table, paragraph};

/// What a hunt came to: `proveniq/hunt/v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HuntDocument {
    /// `proveniq/hunt/v1`.
    pub schema: Schema<HuntDocument>,
    /// How many runs a search had at most.
    pub seeds_max: u64,
    /// How many searches there were for each defect and strategy.
    pub repetitions: u32,
    /// Each defect under each strategy.
    pub hunted: Vec<Hunted>,
    /// Strategies side by side, the best first.
    pub compared: Vec<Compared>,
    /// The unmodified system on the same grounds.
    pub noise: Vec<Noise>,
    /// What became of the runs in which something was caught, when they were shrunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shrinking: Option<Shrinking>,
    /// Defects that no run of the whole system shows; tests show them elsewhere.
    pub passed_over: Vec<String>,
}

/// One defect under one strategy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hunted {
    /// Its name.
    pub defect: String,
    /// How runs were chosen.
    pub strategy: String,
    /// Where it was hunted.
    pub situation: String,
    /// Whether any search caught it by its check.
    pub caught: bool,
    /// How many searches there were.
    pub searches: u32,
    /// How many of them caught it by its check.
    pub searches_that_caught: u32,
    /// The median over the searches; null when half of them or more did not catch it.
    pub seeds_to_detection: Option<u64>,
    /// Bounds on that median at 95 % confidence, the upper one null when it lies beyond `seeds_max`; null
    /// for fewer than six searches.
    pub seeds_to_detection_95: Option<[Option<u64>; 2]>,
    /// The check that was violated first in most searches.
    pub check: Option<String>,
    /// In how many searches a run violated another check before any violated the one that must catch it.
    #[serde(default)]
    pub searches_misled: u32,
    /// The check that must catch it.
    pub expected_check: String,
    /// The command that shows one run in which it was caught.
    pub reproduce: Option<String>,
}

/// One strategy over all defects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// Its name.
    pub strategy: String,
    /// How many defects were hunted by it.
    pub defects: u64,
    /// How many of them it caught at least once.
    pub defects_caught: u64,
    /// How many searches there were.
    pub searches: u64,
    /// How many of them caught.
    pub searches_that_caught: u64,
    /// The median over defects of the median seeds to detection; null when half of the defects or more have
    /// none.
    pub median_of_medians: Option<u64>,
    /// The sum of those medians; a defect that has none counts as `seeds_max`.
    pub sum_of_medians: u64,
}

/// The unmodified system in one situation under one strategy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noise {
    /// Where.
    pub situation: String,
    /// How runs were chosen.
    pub strategy: String,
    /// Which search of its kind this is, counted from 0: each has the seeds of the hunted ones of its number,
    /// and goes at least as far as the farthest of them.
    #[serde(default)]
    pub repetition: u32,
    /// How many runs were made, up to the first that did not hold.
    pub runs: u64,
    /// The check that did not hold; null when all did in all runs.
    pub first_check: Option<String>,
    /// The command that shows that run.
    pub reproduce: Option<String>,
}

impl Document for HuntDocument {
    const SCHEMA: &'static str = "proveniq/hunt/v1";
}

impl Hunted {
    /// Whether most searches met a wrong check first: who looks at what it says looks for another bug.
    pub fn is_misleading(&self) -> bool {
        2 * self.searches_misled > self.searches
    }
}

impl HuntDocument {
    /// Whether every defect was caught by its check under some strategy.
    pub fn all_caught(&self) -> bool {
        let caught = |defect: &str| {
            let mut hunted = self.hunted.iter().filter(|it| it.defect == defect);
            hunted.any(|it| it.caught)
        };
        self.hunted.iter().all(|it| caught(&it.defect))
    }

    /// Whether no defect was first caught by a wrong check in most of its searches, under some strategy.
    pub fn all_caught_rightly(&self) -> bool {
        self.hunted.iter().all(|it| !it.is_misleading())
    }

    /// Whether the unmodified system was silent.
    pub fn is_silent(&self) -> bool {
        self.noise.iter().all(|noise| noise.first_check.is_none())
    }

    /// For people; ends with a line break.
    pub fn to_text(&self, style: Style) -> String {
        let mut out = String::new();
        self.write_hunted(style, &mut out);
        self.write_compared(style, &mut out);
        self.write_noise(style, &mut out);
        if let Some(shrinking) = &self.shrinking {
            shrinking.write(style, &mut out);
        }
        if !self.passed_over.is_empty() {
            let text = format!(
                "not shown by runs of the whole system: {}",
                self.passed_over.join(", ")
            );
            out.push('\n');
            paragraph(&mut out, style, 0, Role::Faint, &text);
        }
        out
    }

    fn write_hunted(&self, style: Style, out: &mut String) {
        let mut table = Table::new(0);
        table.row(
            ["", "defect", "by", "caught", "seeds", "95 %", "first check"]
                .map(|head| Cell::left(Role::Faint, head)),
        );
        for it in &self.hunted {
            let always = it.searches_that_caught == it.searches;
            let (role, mark) = match (it.caught && !it.is_misleading(), always) {
                (true, true) => (Role::Good, "✓"),
                (true, false) => (Role::Doubt, "~"),
                (false, _) => (Role::Bad, "✗"),
            };
            let check = match &it.check {
                Some(check) if *check == it.expected_check => check.clone(),
                Some(check) => format!("{check} (expected {})", it.expected_check),
                None => format!("none (expected {})", it.expected_check),
            };
            table.row([
                Cell::left(role, mark),
                Cell::left(Role::Plain, &it.defect),
                Cell::left(Role::Faint, &it.strategy),
                Cell::right(role, format!("{}/{}", it.searches_that_caught, it.searches)),
                Cell::right(Role::Plain, self.seeds(it.seeds_to_detection)),
                Cell::left(Role::Faint, self.interval(it.seeds_to_detection_95)),
                Cell::left(Role::Plain, check),
            ]);
        }
        table.write(style, out);
    }

    fn seeds(&self, seeds: Option<u64>) -> String {
        seeds.map_or_else(|| format!(">{}", count(self.seeds_max)), count)
    }

    fn interval(&self, interval: Option<[Option<u64>; 2]>) -> String {
        match interval {
            Some([low, high]) => format!("{}–{}", self.seeds(low), self.seeds(high)),
            None => String::new(),
        }
    }

    fn write_compared(&self, style: Style, out: &mut String) {
        out.push_str(&format!("\n{}\n", style.paint(Role::Head, "Strategies")));
        let mut table = Table::new(2);
        for it in &self.compared {
            let median = it.median_of_medians.map_or("–".to_owned(), count);
            table.row([
                Cell::left(Role::Plain, &it.strategy),
                Cell::right(
                    Role::Plain,
                    format!("{}/{} defects", it.defects_caught, it.defects),
                ),
                Cell::right(
                    Role::Plain,
                    format!("{}/{} searches", it.searches_that_caught, it.searches),
                ),
                Cell::left(
                    Role::Plain,
                    format!(
                        "median {median} seeds, all medians {}",
                        count(it.sum_of_medians)
                    ),
                ),
            ]);
        }
        table.write(style, out);
    }

    fn write_noise(&self, style: Style, out: &mut String) {
        let runs = self.noise.iter().map(|noise| noise.runs).sum();
        let noisy: Vec<&Noise> = self
            .noise
            .iter()
            .filter(|it| it.first_check.is_some())
            .collect();
        out.push('\n');
        if noisy.is_empty() {
            let runs = counted(runs, "run", "runs");
            let text = format!("The unmodified system was silent in {runs} on the same grounds.");
            return paragraph(out, style, 0, Role::Good, &text);
        }
        for noise in noisy {
            let check = noise.first_check.as_deref().unwrap_or_default();
            let text = format!(
                "The unmodified system is not silent: {check} in {} by {}, run {}{}",
                noise.situation,
                noise.strategy,
                noise.runs,
                match noise.repetition {
                    0 => String::new(),
                    repetition => format!(" of repetition {repetition}"),
                }
            );
            paragraph(out, style, 0, Role::Bad, &text);
            if let Some(command) = &noise.reproduce {
                out.push_str(&format!("  {}\n", style.paint(Role::Command, command)));
            }
        }
    }
}
