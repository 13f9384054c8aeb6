//! A status update: what was told to whom, when.

use serde::{Deserialize, Serialize};

use super::malformed::cut;

/// How bad it can be.
pub const SEVERITIES: [&str; 5] = ["SEV-1", "SEV-2", "SEV-3", "SEV-4", "SEV-5"];

/// What can be affected, as customers know it.
pub const SCOPES: [&str; 8] = [
    "verification",
    "webhooks",
    "evidence",
    "search",
    "notifications",
    "imports",
    "reporting",
    "portal",
];

/// The latest moment that can be promised, in seconds from hand-over.
const PROMISE_MAX: u64 = 24 * 3_600;

fn none_of(given: &str, words: &[&str]) -> String {
    format!("`{}` is none of {}", cut(given), words.join(", "))
}

/// To whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Customers.
    External,
    /// Colleagues.
    Internal,
}

/// How far it is. It only moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The cause is looked for.
    Investigating,
    /// It is known.
    Identified,
    /// A remedy is in place.
    Monitoring,
    /// It is over.
    Resolved,
}

/// A quoted figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Impact {
    /// Its name.
    pub metric: String,
    /// Its value, of which thousandths count.
    pub value: f64,
}

impl Impact {
    /// The value in thousandths.
    pub fn in_thousandths(&self) -> u64 {
        (self.value * 1000.0).round() as u64
    }
}

/// An update.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Update {
    /// The second from hand-over.
    pub at_s: u64,
    /// To whom.
    pub audience: Audience,
    /// How far it is.
    pub status: Status,
    /// How bad: one of [`SEVERITIES`].
    pub severity: String,
    /// Quoted figures.
    #[serde(default)]
    pub impact: Vec<Impact>,
    /// What is affected, of [`SCOPES`].
    #[serde(default)]
    pub scope: Vec<String>,
    /// Actions in progress: `act-1` is the first line of the actions.
    #[serde(default)]
    pub actions_now: Vec<String>,
    /// When the next update comes.
    #[serde(default)]
    pub next_update_at_s: Option<u64>,
    /// Whether data was lost, as told.
    #[serde(default)]
    pub data_lost: Option<bool>,
    /// When it will be over, as told. Not for customers.
    #[serde(default)]
    pub resolution_at_s: Option<u64>,
    /// The prose. Only looked through for names of machines.
    #[serde(default)]
    pub text: String,
}

impl Update {
    /// What serde cannot see.
    ///
    /// # Errors
    /// The field, and what is wrong with it.
    pub fn check(&self) -> Result<(), (String, String)> {
        let wrong = |field: &str, told: String| Err((field.to_owned(), told));
        for impact in &self.impact {
            let sound = impact.value.is_finite() && (0.0..=1e12).contains(&impact.value);
            if !sound {
                return wrong("impact", format!("{} is no figure", impact.value));
            }
        }
        if !SEVERITIES.contains(&self.severity.as_str()) {
            return wrong("severity", none_of(&self.severity, &SEVERITIES));
        }
        if let Some(word) = self.scope.iter().find(|it| !SCOPES.contains(&it.as_str())) {
            return wrong("scope", none_of(word, &SCOPES));
        }
        if let Some(next) = self.next_update_at_s.filter(|next| *next > PROMISE_MAX) {
            return wrong(
                "next_update_at_s",
                format!("{next} s is more than a day away"),
            );
        }
        Ok(())
    }
}
