//! A run told to people: from what was tried to the one command that runs it again.
//!
//! The order follows the questions of somebody who opens a failing seed: which run is this, what
//! went wrong around it on purpose, what did clients see, how fast was it, which promise broke, what
//! shows it, and how do I see it myself.

use sim::check::{Judgement, Verdict};
use sim::record::Record;
use sim::record::metrics::SpanHistogram;
use sim::time::SimTime;

use crate::evidence;
use crate::figures::{count, counted, span};
use crate::run::RunReport;
use crate::seed::Seed;
use crate::style::{Role, Style};
use crate::table::{Cell, Table, paragraph};
use crate::verdict::RunVerdict;

/// The report as text; ends with a line break.
pub(crate) fn render(report: &RunReport<'_>, style: Style) -> String {
    let mut out = String::new();
    write_header(report, style, &mut out);
    write_faults(report.record, style, &mut out);
    write_operations(report.record, style, &mut out);
    write_latencies(report.record, style, &mut out);
    write_checks(report.judgements, style, &mut out);
    for judgement in report.judgements {
        if let Verdict::Violated(evidence) = &judgement.verdict {
            out.push('\n');
            evidence::write(report, judgement, evidence, style, &mut out);
        }
    }
    write_verdict(report, style, &mut out);
    out
}

fn write_header(report: &RunReport<'_>, style: Style, out: &mut String) {
    let record = report.record;
    let scenario = style.paint(Role::Head, report.scenario);
    out.push_str(&format!("{scenario}  seed {}\n", Seed(report.seed)));
    if !report.summary.is_empty() {
        paragraph(out, style, 0, Role::Plain, report.summary);
    }
    out.push('\n');
    let simulated = span(record.simulated.since(SimTime::START));
    let events = counted(record.events, "event", "events");
    let mut lines = vec![
        ("simulated", format!("{simulated}, {events}")),
        ("fingerprint", record.fingerprint.to_string()),
    ];
    if !report.defects.is_empty() {
        lines.push(("defects", report.defects.join(", ")));
    }
    if !record.reached.is_empty() {
        let reached: Vec<&str> = record.reached.iter().map(String::as_str).collect();
        lines.push(("reached", reached.join(", ")));
    }
    match record.pending.as_deref() {
        Some([]) => {}
        Some(pending) => lines.push(("pending", pending.join(", "))),
        None => lines.push(("pending", "not asked: the run did not get that far".into())),
    }
    if let Some(trouble) = record.ending.trouble() {
        lines.push(("ending", trouble.to_owned()));
    }
    let mut table = Table::new(2);
    for (label, text) in lines {
        table.row([
            Cell::left(Role::Faint, label),
            Cell::left(Role::Plain, text),
        ]);
    }
    table.write(style, out);
}

fn write_faults(record: &Record, style: Style, out: &mut String) {
    let planned = record.plan.faults.len();
    let summary = match planned {
        0 => "none planned".to_owned(),
        _ => format!("{} of {planned} took hold", record.struck.len()),
    };
    head(out, style, "Faults", &summary);
    let mut table = Table::new(2);
    for (number, fault) in (0..).zip(&record.plan.faults) {
        let struck = record.struck.contains(&number);
        let (mark, role, note) = match struck {
            true => ("●", Role::Fault, ""),
            false => ("○", Role::Faint, " — never took hold"),
        };
        table.row([
            Cell::left(role, mark),
            Cell::right(Role::Faint, format!("#{number}")),
            Cell::left(
                if struck { Role::Plain } else { Role::Faint },
                format!("{fault}{note}"),
            ),
        ]);
    }
    table.write(style, out);
}

fn write_operations(record: &Record, style: Style, out: &mut String) {
    let counts = record.history.counts();
    let total = counts.ok + counts.fail + counts.unknown;
    let open = record.history.open().count() as u64;
    let mut summary = match total {
        0 => "none".to_owned(),
        _ => format!(
            "{}: {} ok, {} failed, {} unknown",
            count(total),
            count(counts.ok),
            count(counts.fail),
            count(counts.unknown)
        ),
    };
    if open > 0 {
        summary += &format!(" ({} never answered)", count(open));
    }
    head(out, style, "Operations", &summary);
}

fn write_latencies(record: &Record, style: Style, out: &mut String) {
    if record.metrics.histograms().next().is_none() {
        return;
    }
    head(out, style, "Latency", "");
    let mut table = Table::new(2);
    let titles = ["count", "p50", "p95", "p99", "max"];
    let title_cells = titles.map(|title| Cell::right(Role::Faint, title));
    table.row(title_cells.into_iter().chain([Cell::left(Role::Faint, "")]));
    for (key, histogram) in record.metrics.histograms() {
        let figures = [50, 95, 99, 100].map(|percent| quantile(histogram, percent));
        let name = Cell::left(Role::Plain, key.to_string());
        let total = Cell::right(Role::Plain, count(histogram.count()));
        table.row([total].into_iter().chain(figures).chain([name]));
    }
    table.write(style, out);
}

fn quantile(histogram: &SpanHistogram, percent: u64) -> Cell {
    match histogram.quantile(percent, 100) {
        Some(found) => Cell::right(Role::Plain, span(found)),
        None if histogram.count() == 0 => Cell::right(Role::Faint, "–"),
        None => Cell::right(Role::Doubt, "never"),
    }
}

fn write_checks(judgements: &[Judgement], style: Style, out: &mut String) {
    let tally = |name: &str| {
        let with_verdict = judgements
            .iter()
            .filter(|judgement| judgement.verdict.name() == name);
        with_verdict.count()
    };
    let parts: Vec<String> = ["held", "violated", "unknown"]
        .into_iter()
        .filter(|name| tally(name) > 0)
        .map(|name| format!("{} {name}", tally(name)))
        .collect();
    head(out, style, "Checks", &parts.join(", "));
    let mut table = Table::new(2);
    for judgement in judgements {
        let verdict = RunVerdict::named(judgement.verdict.name());
        let remark = match &judgement.verdict {
            Verdict::Held => String::new(),
            Verdict::Unknown(reason) => reason.clone(),
            Verdict::Violated(evidence) => {
                let subjects = evidence.iter().map(|piece| piece.subject.as_str());
                summarised(subjects.collect())
            }
        };
        table.row([
            Cell::left(verdict.role(), verdict.mark()),
            Cell::left(
                match verdict {
                    RunVerdict::Held => Role::Plain,
                    _ => verdict.role(),
                },
                judgement.check,
            ),
            Cell::left(Role::Faint, judgement.kind.to_string()),
            Cell::left(Role::Plain, remark),
        ]);
    }
    table.write(style, out);
}

/// The first subjects, each once, and how many more there are.
fn summarised(mut subjects: Vec<&str>) -> String {
    const SHOWN_MAX: usize = 3;
    let mut seen = std::collections::BTreeSet::new();
    subjects.retain(|subject| seen.insert(*subject));
    let more = subjects.len().saturating_sub(SHOWN_MAX);
    subjects.truncate(SHOWN_MAX);
    let shown = subjects.join(", ");
    if more == 0 {
        shown
    } else {
        format!("{shown} and {more} more")
    }
}

fn write_verdict(report: &RunReport<'_>, style: Style, out: &mut String) {
    let verdict = report.verdict();
    out.push('\n');
    let mut table = Table::new(0);
    table.row([
        Cell::left(verdict.role(), verdict.mark()),
        Cell::left(verdict.role(), verdict_sentence(report)),
    ]);
    table.write(style, out);
    out.push('\n');
    let command = style.paint(Role::Command, &report.reproduce);
    out.push_str(&format!("run it again:  {command}\n"));
}

/// The verdict over the run in a sentence.
fn verdict_sentence(report: &RunReport<'_>) -> String {
    let names = |name: &str| -> Vec<&str> {
        let with_verdict = report
            .judgements
            .iter()
            .filter(|judgement| judgement.verdict.name() == name);
        with_verdict.map(|judgement| judgement.check).collect()
    };
    let (violated, unknown) = (names("violated"), names("unknown"));
    let total = counted(report.judgements.len() as u64, "check", "checks");
    let (broken, undecided) = (violated.join(", "), unknown.join(", "));
    match (violated.len(), unknown.len()) {
        (0, 0) => format!("Every check held ({total})."),
        (some, 0) => format!("{some} of {total} violated: {broken}."),
        (0, some) => format!("{some} of {total} could not judge: {undecided}."),
        (some, others) => {
            format!("{some} of {total} violated: {broken}. {others} could not judge: {undecided}.")
        }
    }
}

fn head(out: &mut String, style: Style, title: &str, summary: &str) {
    let title = style.paint(Role::Head, title);
    let gap = if summary.is_empty() { "" } else { "  " };
    out.push_str(&format!(
        "\n{title}{gap}{}\n",
        style.paint(Role::Plain, summary)
    ));
}
