//! The post-mortem: the cause, the chain from it to what was seen, what it was not, and what is to be done.

use model::incident::settings::Setting;
use serde::Deserialize;

use crate::detection::has_subquery;

/// The most entries of a list.
const ENTRIES_MAX: usize = 20;

/// The most measures of each kind that are put to the test: who lists more does not say what is to be done.
const MEASURES_MAX: [(MeasureKind, &str, usize); 3] = [
    (MeasureKind::Prevent, "prevent", 2),
    (MeasureKind::Mitigate, "mitigate", 2),
    (MeasureKind::Detect, "detect", 3),
];

/// A cause as a learner names it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedCause {
    /// The component at fault.
    pub component: String,
    /// The class of the fault.
    pub fault_class: String,
    /// The thing at fault, such as `endpoint-7`.
    pub parameter: String,
    /// Since when, in seconds from hand-over.
    #[serde(default)]
    pub from_s: Option<i64>,
}

/// How a figure is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Comparison {
    /// At least.
    #[serde(rename = ">=")]
    AtLeast,
    /// At most.
    #[serde(rename = "<=")]
    AtMost,
}

/// A statement about a figure at a moment.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The figure.
    pub metric: String,
    /// How it is compared.
    pub op: Comparison,
    /// With what, of which thousandths count.
    pub value: f64,
    /// When, in seconds from hand-over.
    pub at_s: i64,
}

/// A link of the chain.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// What led to it.
    pub from: String,
    /// What it led to.
    pub to: String,
    /// What shows that the former was there.
    pub evidence: Vec<Evidence>,
}

/// Something it was not.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuledOut {
    /// What.
    pub cause: NamedCause,
    /// What shows it.
    pub evidence: Vec<Evidence>,
}

/// What a measure is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureKind {
    /// It does not happen again.
    Prevent,
    /// It is noticed.
    Detect,
    /// It does less harm.
    Mitigate,
    /// People do something.
    Process,
}

/// The fields a change may have. Read as one of several kinds without a name, it could not be told which field is wrong.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ChangeFields {
    setting: Option<String>,
    value: Option<u64>,
    expr: Option<String>,
    for_s: Option<u32>,
    process: Option<String>,
}

impl TryFrom<ChangeFields> for Change {
    type Error = &'static str;

    fn try_from(given: ChangeFields) -> Result<Change, &'static str> {
        let ChangeFields {
            setting,
            value,
            expr,
            for_s,
            process,
        } = given;
        match (setting, value, expr, for_s, process) {
            (Some(setting), Some(value), None, None, None) => {
                Ok(Change::Setting { setting, value })
            }
            (None, None, Some(expr), for_s, None) => Ok(Change::Alert {
                expr,
                for_s: for_s.unwrap_or(0),
            }),
            (None, None, None, None, Some(process)) => Ok(Change::Process { process }),
            _ => Err("give `setting` and `value`, or `expr` and perhaps `for_s`, or `process`"),
        }
    }
}

/// What is changed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ChangeFields")]
pub enum Change {
    /// A setting.
    Setting {
        /// Its name.
        setting: String,
        /// Its value.
        value: u64,
    },
    /// An alert rule of Prometheus.
    Alert {
        /// Its expression.
        expr: String,
        /// How long it must be true, in seconds.
        for_s: u32,
    },
    /// Something people do; a person reads it.
    Process {
        /// What.
        process: String,
    },
}

/// A measure.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// What it is for.
    pub kind: MeasureKind,
    /// What is changed.
    pub change: Change,
    /// Who does it.
    pub owner_role: String,
    /// In how many days.
    pub due_days: u32,
    /// How one sees that it is done.
    pub done_when: String,
}

/// The post-mortem.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postmortem {
    /// The cause.
    pub cause: NamedCause,
    /// What contributed.
    #[serde(default)]
    pub contributing: Vec<NamedCause>,
    /// From the cause to what was seen.
    #[serde(default)]
    pub chain: Vec<Edge>,
    /// What it was not.
    #[serde(default)]
    pub ruled_out: Vec<RuledOut>,
    /// What is to be done.
    #[serde(default)]
    pub measures: Vec<Measure>,
}

impl Postmortem {
    /// What serde cannot see.
    pub(super) fn check(&self) -> Result<(), (String, String)> {
        for (name, length) in [
            ("contributing", self.contributing.len()),
            ("chain", self.chain.len()),
            ("ruled_out", self.ruled_out.len()),
            ("measures", self.measures.len()),
        ] {
            if length > ENTRIES_MAX {
                return Err((name.to_owned(), format!("more than {ENTRIES_MAX} entries")));
            }
        }
        for (kind, name, most) in MEASURES_MAX {
            let of_kind = self.measures.iter().filter(|it| it.kind == kind);
            if of_kind.count() > most {
                return Err(("measures".to_owned(), format!("more than {most} to {name}")));
            }
        }
        for (place, measure) in self.measures.iter().enumerate() {
            let at = |field: &str| format!("measures[{place}].{field}");
            match &measure.change {
                Change::Setting { setting, value } => {
                    Setting::check(setting, *value)
                        .map_err(|error| (at("change"), error.to_string()))?;
                }
                Change::Alert { expr, .. } if expr.len() > 2_000 => {
                    return Err((at("change.expr"), "longer than 2000 bytes".to_owned()));
                }
                Change::Alert { expr, .. } if has_subquery(expr) => {
                    let told = "has a subquery, such as `[10m:15s]`; give a range, such as `[10m]`";
                    return Err((at("change.expr"), told.to_owned()));
                }
                _ => {}
            }
            let fits = match measure.kind {
                MeasureKind::Prevent | MeasureKind::Mitigate => {
                    matches!(measure.change, Change::Setting { .. })
                }
                MeasureKind::Detect => matches!(measure.change, Change::Alert { .. }),
                MeasureKind::Process => matches!(measure.change, Change::Process { .. }),
            };
            if !fits {
                let wanted =
                    "prevent and mitigate change a setting, detect an alert, process is told";
                return Err((at("change"), wanted.to_owned()));
            }
        }
        Ok(())
    }
}
