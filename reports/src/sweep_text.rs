//! A sweep told to people: how many held, how the rest failed, and what that allows to say.

use crate::figures::{count, counted};
use crate::style::{Role, Style};
use crate::sweep_document::{DistinctFailure, SweepSummary};
use crate::table::{Cell, Table, paragraph};
use crate::verdict::RunVerdict;

/// The summary as text; ends with a line break.
pub(crate) fn render(summary: &SweepSummary, style: Style) -> String {
    let mut out = String::new();
    write_header(summary, style, &mut out);
    write_failures(summary, style, &mut out);
    write_undecided(summary, style, &mut out);
    write_sometimes(summary, style, &mut out);
    write_confidence(summary, style, &mut out);
    write_saturation(summary, style, &mut out);
    out
}

fn write_header(summary: &SweepSummary, style: Style, out: &mut String) {
    let scenario = style.paint(Role::Head, &summary.scenario);
    let seeds = counted(summary.seeds, "seed", "seeds");
    let stopped = match summary.stopped {
        true => ", stopped before the last",
        false => "",
    };
    out.push_str(&format!("{scenario}  {seeds}{stopped}\n\n"));
    let mut table = Table::new(2);
    for (verdict, seeds) in [
        (RunVerdict::Held, summary.held),
        (RunVerdict::Violated, summary.violated),
        (RunVerdict::Unknown, summary.unknown),
        (RunVerdict::FailedToRun, summary.failed_to_run),
    ] {
        let role = if seeds == 0 {
            Role::Faint
        } else {
            verdict.role()
        };
        let name = verdict.name().replace('_', " ");
        table.row([
            Cell::left(role, verdict.mark()),
            Cell::right(role, count(seeds)),
            Cell::left(role, name),
        ]);
    }
    table.write(style, out);
}

fn write_failures(summary: &SweepSummary, style: Style, out: &mut String) {
    if summary.failures.is_empty() {
        return;
    }
    let distinct = format!("  {} distinct", summary.failures.len());
    out.push_str(&format!(
        "\n{}{distinct}\n",
        style.paint(Role::Head, "Failures")
    ));
    for failure in &summary.failures {
        out.push('\n');
        write_failure(failure, style, out);
    }
}

fn write_failure(failure: &DistinctFailure, style: Style, out: &mut String) {
    let verdict = match failure.check {
        Some(_) => RunVerdict::Violated,
        None => RunVerdict::FailedToRun,
    };
    let mark = style.paint(verdict.role(), verdict.mark());
    let signature = style.paint(Role::Head, &failure.signature);
    let seeds = counted(failure.seeds, "seed", "seeds");
    let first = style.paint(
        Role::Faint,
        &format!("{seeds}, first {}", failure.first_seed),
    );
    out.push_str(&format!("  {mark} {signature}  {first}\n"));
    paragraph(out, style, 4, Role::Plain, &failure.claim);
    let command = style.paint(Role::Command, &failure.reproduce);
    out.push_str(&format!("    {command}\n"));
}

fn write_undecided(summary: &SweepSummary, style: Style, out: &mut String) {
    if summary.undecided.is_empty() {
        return;
    }
    out.push_str(&format!("\n{}\n", style.paint(Role::Head, "Undecided")));
    let mut table = Table::new(2);
    for undecided in &summary.undecided {
        let seeds = counted(undecided.seeds, "seed", "seeds");
        table.row([
            Cell::left(Role::Doubt, RunVerdict::Unknown.mark()),
            Cell::left(Role::Plain, &undecided.check),
            Cell::left(
                Role::Faint,
                format!("{seeds}, first {}", undecided.first_seed),
            ),
            Cell::left(Role::Plain, &undecided.reason),
        ]);
    }
    table.write(style, out);
}

fn write_sometimes(summary: &SweepSummary, style: Style, out: &mut String) {
    if summary.sometimes.is_empty() {
        return;
    }
    out.push_str(&format!("\n{}\n", style.paint(Role::Head, "Sometimes")));
    let mut table = Table::new(2);
    for (state, reached) in &summary.sometimes {
        let is_part = summary.share || summary.stopped;
        let (verdict, role, remark) = match (reached, is_part) {
            (0, true) => (
                RunVerdict::Unknown,
                Role::Doubt,
                "not reached by this part".to_owned(),
            ),
            (0, false) => (RunVerdict::Violated, Role::Bad, "never reached".to_owned()),
            (seeds, _) => (
                RunVerdict::Held,
                Role::Plain,
                format!("in {}", counted(*seeds, "seed", "seeds")),
            ),
        };
        table.row([
            Cell::left(verdict.role(), verdict.mark()),
            Cell::left(role, state),
            Cell::left(role, remark),
        ]);
    }
    table.write(style, out);
}

fn write_confidence(summary: &SweepSummary, style: Style, out: &mut String) {
    let unreached: Vec<&str> = summary.unreached().collect();
    let mut sentence = summary.confidence.statement.clone();
    if !unreached.is_empty() {
        sentence += &format!(" No seed reached {}.", unreached.join(", "));
    }
    out.push('\n');
    let mut table = Table::new(0);
    table.row([
        Cell::left(summary.verdict.role(), summary.verdict.mark()),
        Cell::left(Role::Plain, sentence),
    ]);
    table.write(style, out);
}

/// How many behaviours so many seeds show: whether more seeds of this kind would show more. The end of the
/// curve tells that; of one behaviour there is nothing to tell.
fn write_saturation(summary: &SweepSummary, style: Style, out: &mut String) {
    if summary.confidence.behaviours < 2 {
        return;
    }
    const POINTS_MAX: usize = 5;
    let points = &summary.confidence.saturation;
    let points = points[points.len().saturating_sub(POINTS_MAX)..].iter();
    let points: Vec<String> = points
        .map(|point| {
            let (whole, tenth) = (point.behaviours_tenths / 10, point.behaviours_tenths % 10);
            format!("{whole}.{tenth} in {}", count(point.seeds))
        })
        .collect();
    let text = format!("behaviours by seeds, on average: {}", points.join(", "));
    paragraph(out, style, 3, Role::Faint, &text);
}
