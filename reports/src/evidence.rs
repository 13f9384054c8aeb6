//! Evidence for people: the subject, what is wrong, the operations and the events around it.
//!
//! A check names the shortest piece of the record that shows the violation; here it gets its
//! surroundings back. Where a check names no event, the moment it names, or else the completion of
//! its last operation, stands in.

use std::collections::BTreeSet;

use sim::check::{Evidence, Judgement};
use sim::record::Record;
use sim::record::history::OperationId;
use sim::record::trace::{EventId, Happening};

use crate::figures::counted;
use crate::happening::{operation, outcome_in_words};
use crate::run::RunReport;
use crate::style::{Role, Style};
use crate::table::{Cell, Table, paragraph};
use crate::timeline::Timeline;
use crate::verdict::RunVerdict;

/// How many pieces of evidence of one check are shown; all of them are in the document.
const EVIDENCE_SHOWN_MAX: usize = 4;
/// How many operations of one piece are shown.
const OPERATIONS_SHOWN_MAX: usize = 8;
/// How many events before and after one that matters are shown.
const EVENTS_BEFORE: u32 = 4;
const EVENTS_AFTER: u32 = 2;
/// How many events of one piece are shown.
const EVENTS_SHOWN_MAX: usize = 16;

/// Writes a violated check with its evidence.
pub(crate) fn write(
    report: &RunReport<'_>,
    judgement: &Judgement,
    evidence: &[Evidence],
    style: Style,
    out: &mut String,
) {
    let mark = style.paint(Role::Bad, RunVerdict::Violated.mark());
    let name = style.paint(Role::Head, judgement.check);
    out.push_str(&format!("{mark} {name}\n"));
    if let Some(promise) = report.promise(judgement.check) {
        paragraph(out, style, 2, Role::Faint, &format!("promised: {promise}"));
    }
    for piece in evidence.iter().take(EVIDENCE_SHOWN_MAX) {
        out.push('\n');
        write_piece(report.record, piece, style, out);
    }
    if let Some(more) = evidence.len().checked_sub(EVIDENCE_SHOWN_MAX + 1) {
        let more = counted(
            more as u64 + 1,
            "more piece of evidence",
            "more pieces of evidence",
        );
        out.push('\n');
        paragraph(out, style, 2, Role::Faint, &format!("… and {more}"));
    }
}

fn write_piece(record: &Record, piece: &Evidence, style: Style, out: &mut String) {
    let at = piece.at.map_or(String::new(), |at| format!(" (at {at})"));
    let claim = format!("{}: {}{at}", piece.subject, piece.claim);
    paragraph(out, style, 2, Role::Plain, &claim);
    write_operations(record, &piece.operations, style, out);
    write_events(record, piece, style, out);
}

fn write_operations(record: &Record, ids: &[OperationId], style: Style, out: &mut String) {
    let mut table = Table::new(4);
    for id in ids.iter().take(OPERATIONS_SHOWN_MAX) {
        let Some(operation) = operation(record, *id) else {
            continue;
        };
        let completed = operation
            .completed
            .map_or("open".to_owned(), |at| at.to_string());
        table.row([
            Cell::right(Role::Faint, format!("o{}", id.0)),
            Cell::left(Role::Plain, &operation.process),
            Cell::right(Role::Faint, format!("{} – {completed}", operation.invoked)),
            Cell::left(
                Role::Plain,
                format!(
                    "{} {} ⇒ {}",
                    operation.function,
                    operation.input,
                    outcome_in_words(&operation.outcome)
                ),
            ),
        ]);
    }
    table.write(style, out);
    if let Some(more) = ids.len().checked_sub(OPERATIONS_SHOWN_MAX + 1) {
        let more = counted(more as u64 + 1, "more operation", "more operations");
        paragraph(out, style, 4, Role::Faint, &format!("… and {more}"));
    }
}

fn write_events(record: &Record, piece: &Evidence, style: Style, out: &mut String) {
    let points = points_of_interest(record, piece);
    let shown = surroundings(record, &points);
    if shown.is_empty() {
        return;
    }
    let timeline = Timeline::new(record, style);
    let mut last: Option<EventId> = None;
    for id in shown {
        if last.is_some_and(|last| id.0 > last.0 + 1) {
            paragraph(out, style, 4, Role::Faint, "⋮");
        }
        last = Some(id);
        if let Some(line) = timeline.line_of(id) {
            let marked = points.contains(&id);
            let mark = style.paint(Role::Bad, if marked { "▸" } else { " " });
            out.push_str(&format!("  {mark} {line}\n"));
        }
    }
}

/// The events that show the violation, named by the check or standing in.
fn points_of_interest(record: &Record, piece: &Evidence) -> BTreeSet<EventId> {
    if !piece.events.is_empty() {
        return piece.events.iter().copied().collect();
    }
    let events = || (0..).map(EventId).zip(record.trace.events());
    let found = match (piece.at, piece.operations.last()) {
        (Some(at), _) => events().take_while(|(_, event)| event.at <= at).last(),
        (None, Some(last)) => events().find(
            |(_, event)| matches!(event.what, Happening::Completed { operation } if operation == *last),
        ),
        (None, None) => None,
    };
    found.into_iter().map(|(id, _)| id).collect()
}

/// The events to show: those of interest and their neighbours, without mere wakings.
fn surroundings(record: &Record, points: &BTreeSet<EventId>) -> BTreeSet<EventId> {
    points
        .iter()
        .flat_map(|point| {
            let from = point.0.saturating_sub(EVENTS_BEFORE);
            (from..=point.0.saturating_add(EVENTS_AFTER)).map(EventId)
        })
        .filter(|id| match record.trace.get(*id) {
            Some(event) => points.contains(id) || !matches!(event.what, Happening::Woke),
            None => false,
        })
        .take(EVENTS_SHOWN_MAX)
        .collect()
}
