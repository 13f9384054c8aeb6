//! A sweep as GitHub Actions shows it: annotations, and the summary of a step.
//!
//! Annotations are workflow commands, lines on the output that the runner reads. What differs from run
//! to run is escaped as the runner expects it, so that no claim can be taken for another command.

use crate::figures::{count, counted};
use crate::sweep_document::SweepSummary;
use crate::verdict::RunVerdict;

/// One annotation for each distinct failure, and for each check or state that leaves a doubt; each on a
/// line.
pub fn annotations(summary: &SweepSummary) -> String {
    let failures = summary.failures.iter().map(|failure| {
        let seeds = counted(failure.seeds, "seed", "seeds");
        let text = format!(
            "{}\n{seeds}, first {}\n{}",
            failure.claim, failure.first_seed, failure.reproduce
        );
        command("error", &failure.signature, &text)
    });
    let undecided = summary.undecided.iter().map(|undecided| {
        let title = format!("{} could not judge", undecided.check);
        let text = format!("{}\n{}", undecided.reason, undecided.reproduce);
        command("warning", &title, &text)
    });
    let stopped = summary.stopped.then(|| {
        let text = format!("{} done", counted(summary.seeds, "seed is", "seeds are"));
        command("warning", "stopped before the last seed", &text)
    });
    let unreached = summary.unreached().map(|state| {
        let text = format!("no seed of {} reached it", count(summary.seeds));
        command("warning", &format!("never reached: {state}"), &text)
    });
    let doubts = undecided.chain(stopped).chain(unreached);
    failures.chain(doubts).collect()
}

fn command(level: &str, title: &str, text: &str) -> String {
    format!("::{level} title={}::{}\n", property(title), data(text))
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The sweep as Markdown; ends with a line break.
pub fn step_summary(summary: &SweepSummary) -> String {
    let mark = match summary.verdict {
        RunVerdict::Held => "✅",
        RunVerdict::Unknown => "⚠️",
        RunVerdict::Violated | RunVerdict::FailedToRun => "❌",
    };
    let mut out = format!("### {mark} {}\n\n", cell(&summary.scenario));
    out.push_str("| seeds | held | violated | unknown | failed to run |\n");
    out.push_str("|---:|---:|---:|---:|---:|\n");
    let figures = [
        summary.seeds,
        summary.held,
        summary.violated,
        summary.unknown,
        summary.failed_to_run,
    ];
    let figures = figures.map(count).join(" | ");
    out.push_str(&format!(
        "| {figures} |\n\n{}\n",
        cell(&summary.confidence.statement)
    ));
    if !summary.failures.is_empty() {
        out.push_str("\n| failure | seeds | run it again |\n|---|---:|---|\n");
        for failure in &summary.failures {
            out.push_str(&format!(
                "| {} | {} | {} |\n",
                cell(&failure.signature),
                count(failure.seeds),
                code_cell(&failure.reproduce)
            ));
        }
    }
    out
}

/// Text that stays within its cell.
fn cell(text: &str) -> String {
    one_cell(text).replace('<', "&lt;")
}

/// A command to be copied, within its cell. Between backticks a `<` stands for itself, and an escaped one
/// would be copied as it is written.
fn code_cell(text: &str) -> String {
    match text.contains('`') {
        true => format!("`` {} ``", one_cell(text)),
        false => format!("`{}`", one_cell(text)),
    }
}

fn one_cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_copied_as_it_is_typed() {
        for (command, shown) in [
            ("run --set 'a={ b < 1 }'", "`run --set 'a={ b < 1 }'`"),
            ("run a|b", "`run a\\|b`"),
            ("run 'a`b'", "`` run 'a`b' ``"),
        ] {
            assert_eq!(code_cell(command), shown);
        }
        assert_eq!(cell("a<b>\nc|d"), "a&lt;b> c\\|d");
    }
}
