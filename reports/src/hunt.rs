//! A hunt told to machines: `proveniq/hunt/v1`, how soon planted bugs are found. For people the same document is
//! rendered by `hunt_text`.

use serde::{Deserialize, Serialize};

use crate::hunt_shrinking::Shrinking;
use crate::schema::{Document, Schema};

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
    /// What was found of each kind of defect, by what brings it out.
    #[serde(default)]
    pub by_trigger: Vec<ByTrigger>,
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
    /// What has to happen in a run before it shows.
    pub trigger: String,
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
    /// How hard it was to find here, by that median: `easy` within two runs, `medium` within ten, `hard`.
    pub difficulty: String,
    /// How hard it was by the last measurement that the catalogue has.
    pub difficulty_known: String,
    /// Whether these searches leave no doubt that the catalogue's class is not that of today: the whole
    /// interval lies outside. Only the default strategy can tell; the catalogue speaks of it.
    #[serde(default)]
    pub difficulty_differs: bool,
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

/// The defects that one kind of event brings out, under one strategy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByTrigger {
    /// What brings them out.
    pub trigger: String,
    /// How runs were chosen.
    pub strategy: String,
    /// How many there are.
    pub defects: u64,
    /// How many of them were caught at least once.
    pub defects_caught: u64,
    /// The median over them of the median seeds to detection; null when half of them or more have none.
    pub median_of_medians: Option<u64>,
    /// The largest of those medians; null when one has none.
    pub worst_median: Option<u64>,
    /// Whose that is.
    pub worst_defect: String,
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
    /// The mean number of runs of a search, in hundredths, of which one that did not catch counts as `seeds_max`:
    /// the mean restricted to that bound.
    #[serde(default)]
    pub mean_runs_hundredths: u64,
    /// How much more that is than by the default strategy; null for that strategy itself, and when it was not
    /// hunted by or fewer than two defects were.
    #[serde(default)]
    pub against_default: Option<Difference>,
}

/// A difference of means over defects, in hundredths of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The mean over defects of their differences; negative when fewer runs were needed.
    pub mean_hundredths: i64,
    /// Bounds at 95 % confidence, from the spread of the differences over defects.
    pub interval_hundredths: [i64; 2],
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
}
