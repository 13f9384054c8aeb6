//! A judged history told to people: what was asked, the proofs, the verdict.

use sim::checkers::verdict::Evidence;

use crate::check::CheckReport;
use crate::figures::{count, counted};
use crate::style::{Role, Style};
use crate::table::{Cell, Table, paragraph};
use crate::verdict::RunVerdict;

/// How many proofs are shown; all of them are in the document.
const EVIDENCE_SHOWN_MAX: usize = 8;

/// The report as text; ends with a line break.
pub(crate) fn render(report: &CheckReport<'_>, style: Style) -> String {
    let mut out = String::new();
    write_header(report, style, &mut out);
    write_evidence(report.judgement.verdict.evidence(), style, &mut out);
    write_verdict(report, style, &mut out);
    out
}

fn write_header(report: &CheckReport<'_>, style: Style, out: &mut String) {
    let judgement = report.judgement;
    let history = style.paint(Role::Head, report.history);
    out.push_str(&format!("{history}\n\n"));
    let mut lines = vec![
        ("model", judgement.model.name().to_owned()),
        ("promise", report.promise()),
        ("operations", count(judgement.operations as u64)),
    ];
    if report.isolation().is_some() {
        let broken: Vec<&str> = judgement
            .broken_levels
            .iter()
            .map(|level| level.name())
            .collect();
        let broken = match broken.is_empty() {
            true => "no level".to_owned(),
            false => broken.join(", "),
        };
        lines.push(("breaks", broken));
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

fn write_evidence(evidence: &[Evidence], style: Style, out: &mut String) {
    for piece in evidence.iter().take(EVIDENCE_SHOWN_MAX) {
        let mark = style.paint(Role::Bad, RunVerdict::Violated.mark());
        let rule = style.paint(Role::Head, piece.rule);
        out.push_str(&format!("\n{mark} {rule}\n"));
        paragraph(out, style, 2, Role::Plain, &piece.statement);
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

fn write_verdict(report: &CheckReport<'_>, style: Style, out: &mut String) {
    let verdict = report.verdict();
    out.push('\n');
    let mut table = Table::new(0);
    table.row([
        Cell::left(verdict.role(), verdict.mark()),
        Cell::left(verdict.role(), report.explanation()),
    ]);
    table.write(style, out);
}
