//! What a scenario is read from: a file's text, and `--set` overrides behind it.
//!
//! Both stand in one text, one part after the other, so that every value has one span wherever it
//! was typed, and a mistake in an override is shown at the override. Nothing is parsed here.

use std::ops::Range;
use std::str::FromStr;

use super::diagnostic::{Diagnostic, Line, Place};
use super::key_path::{KeyPath, KeyPathError};

/// One `--set key=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Which value.
    pub path: KeyPath,
    /// As typed.
    typed: String,
}

/// Why a text is no override.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// Without `=`.
    #[error("`{0}` sets nothing: write key=value, such as `system.cores=5`")]
    Form(String),
    /// What stands before the `=` is no key path.
    #[error(transparent)]
    Path(#[from] KeyPathError),
}

impl Override {
    /// As typed.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// Where the key ends in what was typed.
    pub fn key_end(&self) -> usize {
        let key = self.typed.split_once('=').map_or("", |(key, _)| key);
        key.trim_end().len()
    }

    /// Where the value stands in what was typed, behind the spaces around `=`.
    pub fn value_start(&self) -> usize {
        let value = self.typed.split_once('=').map_or("", |(_, value)| value);
        self.typed.len() - value.trim_start().len()
    }
}

impl FromStr for Override {
    type Err = OverrideError;

    fn from_str(typed: &str) -> Result<Override, OverrideError> {
        let form = || OverrideError::Form(typed.to_owned());
        let (path, value) = typed.split_once('=').ok_or_else(form)?;
        if value.trim().is_empty() {
            return Err(form());
        }
        Ok(Override {
            path: path.trim().parse()?,
            typed: typed.to_owned(),
        })
    }
}

/// A file's text and the overrides on top of it.
#[derive(Clone, Debug)]
pub struct Source {
    text: String,
    origin: String,
    file_end: usize,
    overrides: Vec<(usize, Override)>,
}

impl Source {
    /// A text under the name its mistakes are told with, and overrides in the order they apply.
    pub fn new(origin: &str, file: &str, overrides: &[Override]) -> Source {
        let mut text = file.to_owned();
        let mut placed = Vec::new();
        for over in overrides {
            placed.push((text.len(), over.clone()));
            text.push_str(&over.typed);
        }
        Source {
            text,
            origin: origin.to_owned(),
            file_end: file.len(),
            overrides: placed,
        }
    }

    /// The name its mistakes are told with.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The file's own text.
    pub fn file(&self) -> &str {
        &self.text[..self.file_end]
    }

    /// The overrides, each with its start in the text.
    pub fn overrides(&self) -> impl Iterator<Item = (usize, &Override)> {
        self.overrides.iter().map(|(start, over)| (*start, over))
    }

    /// Some bytes of the whole text.
    pub fn slice(&self, span: Range<usize>) -> &str {
        &self.text[span]
    }

    /// A mistake at some bytes of the whole text.
    pub fn complain(
        &self,
        span: Range<usize>,
        message: String,
        hint: Option<String>,
    ) -> Diagnostic {
        let place = Place::Line(self.line(span));
        Diagnostic {
            place,
            message,
            hint,
        }
    }

    fn line(&self, span: Range<usize>) -> Line {
        let within = |(start, _): &&(usize, Override)| *start <= span.start;
        match self.overrides.iter().rev().find(within) {
            Some((start, over)) => {
                let span = span.start - start..span.end.saturating_sub(*start);
                Line::of("--set", &over.typed, span)
            }
            None => Line::of(&self.origin, self.file(), span),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_needs_a_key_and_a_value() {
        let over: Override = "a.b[1]= \"x=y\"".parse().unwrap();
        assert_eq!(over.path.to_string(), "a.b[1]");
        assert_eq!(&over.typed()[over.value_start()..], "\"x=y\"");
        let spaced: Override = "a.b = [1]".parse().unwrap();
        assert_eq!(&spaced.typed()[..spaced.key_end()], "a.b");
        assert_eq!(&spaced.typed()[spaced.value_start()..], "[1]");
        for text in ["a", "a=", "=1", "a b=1", "a= "] {
            assert!(text.parse::<Override>().is_err(), "{text}");
        }
    }

    #[test]
    fn each_byte_is_told_at_the_part_it_stands_in() {
        let overrides = ["c=3".parse().unwrap(), "d=4".parse().unwrap()];
        let source = Source::new("x.toml", "a = 1\nb = 2", &overrides);
        for (needle, origin, number, column) in [
            ("1", "x.toml", 1, 5),
            ("2", "x.toml", 2, 5),
            ("3", "--set", 1, 3),
            ("4", "--set", 1, 3),
        ] {
            let at = source.text.find(needle).unwrap();
            let line = source.line(at..at + 1);
            assert_eq!(
                (line.origin.as_str(), line.number, line.column),
                (origin, number, column)
            );
        }
    }
}
