//! A change of an alert, and the note it leaves.
//!
//! The note `alert` says which alert (its rule and the labels of its series), from which state to
//! which, and how urgent it is. [`Transition::read`] is the other way, for whoever reads a record, and
//! [`firings`] puts the changes of a run together.

use std::collections::BTreeMap;

use sim::SimTime;
use sim::alert::Firing;
use sim::record::note::Note;
use sim::record::value::Value;

use super::rule::State;

/// The name of the note.
pub const ALERT: &str = "alert";

/// A change of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The rule's name.
    pub alert: String,
    /// The labels of its series.
    pub labels: BTreeMap<String, String>,
    /// What it was.
    pub from: State,
    /// What it is.
    pub to: State,
    /// How urgent it is.
    pub severity: String,
}

impl Transition {
    /// As the detail of a note.
    pub fn to_value(&self) -> Value {
        let labels = self.labels.iter();
        let labels = labels.map(|(label, value)| (label.clone(), value.as_str().into()));
        Value::map([
            ("alert", self.alert.as_str().into()),
            ("labels", Value::Map(labels.collect())),
            ("from", self.from.name().into()),
            ("to", self.to.name().into()),
            ("severity", self.severity.as_str().into()),
        ])
    }

    /// When a note tells of a change of an alert: when it was, and what.
    pub fn read(note: &Note) -> Option<(SimTime, Transition)> {
        if note.name != ALERT {
            return None;
        }
        let labels = match note.detail.get("labels") {
            Value::Map(labels) => labels
                .iter()
                .map(|(label, value)| Some((label.to_owned(), value.as_text()?.to_owned())))
                .collect::<Option<_>>()?,
            _ => return None,
        };
        let transition = Transition {
            alert: note.detail.text("alert").to_owned(),
            labels,
            from: State::named(note.detail.text("from"))?,
            to: State::named(note.detail.text("to"))?,
            severity: note.detail.text("severity").to_owned(),
        };
        Some((note.at, transition))
    }
}

/// When alerts fired, by the notes of a run, in the order in which they did.
pub fn firings(notes: &[Note]) -> Vec<Firing> {
    let mut firings: Vec<Firing> = Vec::new();
    for (at, change) in notes.iter().filter_map(Transition::read) {
        if change.to == State::Firing {
            firings.push(Firing {
                alert: change.alert,
                labels: change.labels,
                from: at,
                until: None,
            });
        } else if change.from == State::Firing {
            let same = |firing: &&mut Firing| {
                firing.alert == change.alert && firing.labels == change.labels
            };
            if let Some(firing) = firings.iter_mut().rev().find(same) {
                firing.until = Some(at);
            }
        }
    }
    firings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_reads_back_from_its_note() {
        let transition = Transition {
            alert: "DLQBacklog".into(),
            labels: BTreeMap::from([("queue".into(), "webhook".into())]),
            from: State::Pending,
            to: State::Firing,
            severity: "warning".into(),
        };
        let mut note = Note {
            at: SimTime::from_millis(15_000),
            node: "ops".into(),
            incarnation: 0,
            name: ALERT.into(),
            detail: transition.to_value().into(),
        };
        assert_eq!(Transition::read(&note), Some((note.at, transition)));
        note.name = "breaker".into();
        assert_eq!(Transition::read(&note), None);
    }
}
