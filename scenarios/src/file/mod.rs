//! Reading a scenario: from a name, a path or a text to a [`Scenario`] that makes sense, or to
//! mistakes that can be mended.
//!
//! [`select`] is where to start. In reading order: [`source`] (what was given), [`document`] (a tree
//! that knows its places), [`validate`] (what no type can say), [`diagnostic`] and [`wording`] (how
//! mistakes are told). The [`registry`](builtin) of built-in files stands beside them.

pub mod builtin;
pub mod diagnostic;
pub mod document;
pub mod json;
pub mod key_path;
pub mod source;
pub mod validate;
pub mod wording;

#[cfg(test)]
mod told;
#[cfg(test)]
mod told_values;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::scenario::Scenario;
use diagnostic::{Diagnostic, Place};
use document::Document;
use source::{Override, Source};

/// A scenario with what it was read from.
#[derive(Clone, Debug)]
pub struct Selected {
    /// As it was asked for: a built-in name or a path.
    pub asked: String,
    /// The file's whole text.
    pub text: String,
    /// Overrides on top of it.
    pub overrides: Vec<Override>,
    /// What they make together.
    pub scenario: Scenario,
}

/// Why there is no scenario.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// No built-in scenario has this name.
    #[error("there is no scenario `{name}`\n  hint: {hint}")]
    UnknownName {
        /// What was asked for.
        name: String,
        /// The nearest name, or all of them.
        hint: String,
    },
    /// The file cannot be read.
    #[error("cannot read `{}`: {source}\n  hint: give the path of a scenario file, or a name that `proveniq list scenarios` shows", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file has mistakes.
    #[error(transparent)]
    Mistakes(#[from] Mistakes),
}

/// The mistakes of a file, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Diagnostic>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

impl From<Diagnostic> for Mistakes {
    fn from(diagnostic: Diagnostic) -> Mistakes {
        Mistakes(vec![diagnostic])
    }
}

impl Selected {
    /// The same scenario as a text of its own, with all overrides and changes in it.
    #[must_use]
    pub fn written_out(self) -> Selected {
        let text = toml::to_string_pretty(&self.scenario);
        Selected {
            text: text.expect("a scenario was read from TOML and can be written as such"),
            overrides: Vec::new(),
            ..self
        }
    }
}

/// Finds and reads a scenario: a path when it ends in `.toml` or contains a slash, else the name of
/// a built-in one.
///
/// # Errors
/// [`SelectError`], fit to be shown as it is.
pub fn select(asked: &str, overrides: &[Override]) -> Result<Selected, SelectError> {
    if !asked.ends_with(".toml") && !asked.contains('/') {
        let found = builtin::find(asked).ok_or_else(|| SelectError::UnknownName {
            name: asked.to_owned(),
            hint: wording::did_you_mean(asked, builtin::names(), "the scenarios are"),
        })?;
        return Ok(read(asked, found.text, overrides)?);
    }
    let unreadable = |source| SelectError::Unreadable {
        path: Path::new(asked).to_owned(),
        source,
    };
    let text = std::fs::read_to_string(asked).map_err(unreadable)?;
    Ok(read(asked, &text, overrides)?)
}

/// Reads a scenario's text.
///
/// # Errors
/// Its mistakes: the first when it cannot be read at all, else all that make no sense.
pub fn read(asked: &str, text: &str, overrides: &[Override]) -> Result<Selected, Mistakes> {
    read_within(&origin(asked), asked, text, overrides)
}

/// Reads a scenario's text that stands in a file of another kind; mistakes are told at `origin`.
///
/// # Errors
/// As [`read`].
pub fn read_within(
    origin: &str,
    asked: &str,
    text: &str,
    overrides: &[Override],
) -> Result<Selected, Mistakes> {
    let source = Source::new(origin, text, overrides);
    let document = Document::parse(&source)?;
    let scenario: Scenario = document.deserialize()?;
    let mistakes: Vec<Diagnostic> = validate::validate(&scenario)
        .into_iter()
        .map(|complaint| document.complain(&complaint.path, complaint.message, complaint.hint))
        .collect();
    if !mistakes.is_empty() {
        return Err(Mistakes(mistakes));
    }
    Ok(Selected {
        asked: asked.to_owned(),
        text: text.to_owned(),
        overrides: overrides.to_vec(),
        scenario,
    })
}

/// A mistake in a file of another kind, such as a repro file.
pub fn mistake_in(origin: &str, message: String, hint: Option<String>) -> Mistakes {
    Mistakes::from(Diagnostic {
        place: Place::File(origin.to_owned()),
        message,
        hint,
    })
}

fn origin(asked: &str) -> String {
    match builtin::find(asked) {
        Some(_) => format!("fixtures/scenarios/{asked}.toml"),
        None => asked.to_owned(),
    }
}
