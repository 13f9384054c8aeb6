//! The timeline: every event of a run on a line of its own, `number | time | node | what`.
//!
//! It shows what the trace holds, in its order, and leaves nothing out; a run that kept no trace has
//! no timeline. Lines are made one at a time, so a long run never stands in memory as text.

use std::fmt;

use sim::record::Record;
use sim::record::trace::{Event, EventId};
use sim::time::SimTime;

use crate::happening::Narrator;
use crate::style::{Role, Style};

/// The events of a run as lines. Its `Display` is all of them.
pub struct Timeline<'a> {
    record: &'a Record,
    narrator: Narrator<'a>,
    style: Style,
    number_width: usize,
    node_width: usize,
    time_width: usize,
}

impl<'a> Timeline<'a> {
    /// The timeline of a record.
    pub fn new(record: &'a Record, style: Style) -> Timeline<'a> {
        let names = record.nodes.iter().map(|name| name.chars().count());
        Timeline {
            record,
            narrator: Narrator::new(record),
            style,
            number_width: record.events.saturating_sub(1).to_string().len() + 1,
            node_width: names.max().unwrap_or(0),
            time_width: seconds(record.simulated).len(),
        }
    }

    /// One line per event, without line breaks.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        (0..)
            .zip(self.record.trace.events())
            .map(|(number, event)| self.line(EventId(number), event))
    }

    /// The line of one event, when the trace was kept.
    pub(crate) fn line_of(&self, id: EventId) -> Option<String> {
        Some(self.line(id, self.record.trace.get(id)?))
    }

    fn line(&self, id: EventId, event: &Event) -> String {
        let told = self.narrator.tell(event);
        let number = format!(
            "{:>width$}",
            format!("e{}", id.0),
            width = self.number_width
        );
        let time = format!("{:>width$}", seconds(event.at), width = self.time_width);
        let mut line = format!(
            "{}  {}  {}  ",
            self.style.paint(Role::Faint, &number),
            self.style.paint(Role::Faint, &time),
            self.party(event.node)
        );
        if let Some((direction, node)) = told.other {
            line += &format!("{} {}  ", direction.arrow(), self.party(node));
        }
        line += &self.style.paint(told.role, &told.text);
        line
    }

    /// A node's name in its colour, padded to the longest.
    fn party(&self, node: sim::NodeId) -> String {
        let name = self.record.node_name(node);
        let padding = " ".repeat(self.node_width.saturating_sub(name.chars().count()));
        self.style.paint(Role::Party(node.index()), name) + &padding
    }
}

impl fmt::Display for Timeline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.lines() {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

/// Seconds with microseconds: fine enough to tell neighbouring events apart.
fn seconds(time: SimTime) -> String {
    let micros = time.nanos() / 1_000;
    format!("{}.{:06}s", micros / 1_000_000, micros % 1_000_000)
}
