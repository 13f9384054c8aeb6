//! What was measured of speed, told to people and machines: `proveniq/bench/v1`.

use serde::{Deserialize, Serialize};

use crate::figures::count;
use crate::schema::{Document, Schema};
use crate::style::{Role, Style};
use crate::table::{Cell, Table};

/// What was measured: `proveniq/bench/v1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BenchDocument {
    /// `proveniq/bench/v1`.
    pub schema: Schema<BenchDocument>,
    /// `release` or `debug`: the figures of a debug build say little.
    pub build: String,
    /// The figures, in the order in which they are shown.
    pub measured: Vec<Measured>,
}

/// A figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// What was measured; empty for another figure of the same.
    pub what: String,
    /// How much it is, in the unit.
    pub figure: f64,
    /// The unit, such as `seeds/s`. Rates are per second of processor time.
    pub unit: String,
    /// How long measuring took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took: Option<Took>,
    /// What it is meant to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
}

/// How long something took, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Took {
    /// By the clock on the wall.
    pub wall_s: f64,
    /// On processors, all threads of the process together.
    pub processor_s: f64,
}

/// What a figure is meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// The bound, in the figure's unit.
    pub bound: f64,
    /// Whether the figure must be at least that; else it must be at most that.
    pub at_least: bool,
    /// Whether it is kept.
    pub kept: bool,
}

impl Document for BenchDocument {
    const SCHEMA: &'static str = "proveniq/bench/v1";
}

impl Measured {
    /// A figure without a budget.
    pub fn new(what: &str, figure: f64, unit: &str) -> Measured {
        Measured {
            what: what.to_owned(),
            figure,
            unit: unit.to_owned(),
            took: None,
            budget: None,
        }
    }

    /// The same, with how long measuring took.
    #[must_use]
    pub fn took(self, took: Took) -> Measured {
        Measured {
            took: Some(took),
            ..self
        }
    }

    /// The same, meant to be at least so much.
    #[must_use]
    pub fn at_least(self, bound: f64) -> Measured {
        self.meant(bound, true)
    }

    /// The same, meant to be at most so much.
    #[must_use]
    pub fn at_most(self, bound: f64) -> Measured {
        self.meant(bound, false)
    }

    fn meant(self, bound: f64, at_least: bool) -> Measured {
        let kept = match at_least {
            true => self.figure >= bound,
            false => self.figure <= bound,
        };
        let budget = Some(Budget {
            bound,
            at_least,
            kept,
        });
        Measured { budget, ..self }
    }
}

impl BenchDocument {
    /// The document of some figures.
    pub fn of(measured: Vec<Measured>, is_debug: bool) -> BenchDocument {
        BenchDocument {
            schema: Schema::new(),
            build: if is_debug { "debug" } else { "release" }.to_owned(),
            measured,
        }
    }

    /// For people; ends with a line break.
    pub fn to_text(&self, style: Style) -> String {
        let mut table = Table::new(0);
        for it in &self.measured {
            let took = it.took.map_or(String::new(), |took| {
                let (processor, wall) = (figure(took.processor_s), figure(took.wall_s));
                format!("in {processor} s of processor time, {wall} s of wall time")
            });
            let (role, budget) = match &it.budget {
                None => (Role::Plain, String::new()),
                Some(budget) => {
                    let bound = figure(budget.bound);
                    let side = if budget.at_least {
                        "at least"
                    } else {
                        "at most"
                    };
                    match budget.kept {
                        true => (Role::Good, format!("✓ {side} {bound}")),
                        false => (Role::Doubt, format!("✗ {side} {bound}")),
                    }
                }
            };
            table.row([
                Cell::left(Role::Plain, &it.what),
                Cell::right(Role::Plain, figure(it.figure)),
                Cell::left(Role::Plain, &it.unit),
                Cell::left(role, budget),
                Cell::left(Role::Faint, took),
            ]);
        }
        let mut out = format!("{} build, one process\n", self.build);
        table.write(style, &mut out);
        out
    }
}

/// Three digits that count, as far as the figure has them.
fn figure(figure: f64) -> String {
    match figure {
        100.0.. => count(figure.round() as u64),
        10.0..100.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}
