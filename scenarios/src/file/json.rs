//! Mistakes in JSON documents, told at their place like those in scenario files.

use reports::DocumentError;

use super::diagnostic::{Diagnostic, Line, Place};
use super::wording;

/// A repro file's mistake at its place.
pub fn explain(origin: &str, text: &str, error: &DocumentError) -> Diagnostic {
    let (source, hint) = match error {
        DocumentError::OtherSchema { .. } => {
            let start = text.find("\"schema\"").unwrap_or(0);
            let end = text[start..]
                .find([',', '}', '\n'])
                .map_or(start, |at| start + at);
            return Diagnostic {
                place: Place::Line(Line::of(origin, text, start..end)),
                message: error.to_string(),
                hint: None,
            };
        }
        DocumentError::NotADocument { source, .. } => (
            source,
            "this is no repro file, or a damaged one; `proveniq run … --save-repro FILE` writes them",
        ),
        DocumentError::Malformed { source, .. } => (
            source,
            "the file is damaged or was edited; save it again from the run",
        ),
    };
    let said = source.to_string();
    // The place is shown by itself.
    let said = said.split(" at line ").next().unwrap_or(&said);
    let (message, better) = wording::reword(said);
    Diagnostic {
        place: Place::Line(Line::of(origin, text, span_of(text, source))),
        message,
        hint: Some(better.unwrap_or_else(|| hint.to_owned())),
    }
}

/// The reader tells the line, and the last column it looked at.
fn span_of(text: &str, error: &serde_json::Error) -> std::ops::Range<usize> {
    let before = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1));
    let line_start: usize = before.map(str::len).sum();
    let at = line_start + error.column().saturating_sub(1);
    at..at + 1
}
