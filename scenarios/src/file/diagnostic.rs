//! A mistake in an input file, told so that it can be mended: where, what, and how.
//!
//! This is only the message and its rendering. Who finds mistakes stands beside it.

use std::fmt;

/// A mistake with its place and a way to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where it is.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// How to mend it; nothing when the message says it all.
    pub hint: Option<String>,
}

/// Where a mistake is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At some characters of a line.
    Line(Line),
    /// Somewhere in this file, by key path or not at all.
    File(String),
}

/// Some characters of one line of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The file's name, or `--set` for an override.
    pub origin: String,
    /// The line's number, from 1.
    pub number: usize,
    /// The first character's number, from 1.
    pub column: usize,
    /// How many characters are meant, at least 1.
    pub width: usize,
    /// The whole line.
    pub text: String,
}

impl Line {
    /// The place of some bytes of a text. A span over several lines is cut at the first line's end;
    /// one that begins at a line end points at what would stand there.
    pub fn of(origin: &str, text: &str, span: std::ops::Range<usize>) -> Line {
        let start = floor_char_boundary(text, span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..]
            .find('\n')
            .map_or(text.len(), |newline| start + newline);
        let end = floor_char_boundary(text, span.end.min(line_end)).max(start);
        Line {
            origin: origin.to_owned(),
            number: text[..line_start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            width: text[start..end].trim_end().chars().count().max(1),
            text: text[line_start..line_end].trim_end().to_owned(),
        }
    }
}

fn floor_char_boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        match &self.place {
            Place::File(origin) => write!(f, "\n  --> {origin}")?,
            Place::Line(line) => {
                let number = line.number.to_string();
                let gutter = " ".repeat(number.len());
                // Tabs keep their width under the caret.
                let lead = line.text.chars().take(line.column - 1);
                let lead: String = lead.map(|c| if c == '\t' { c } else { ' ' }).collect();
                let caret = "^".repeat(line.width);
                write!(f, "\n{gutter} --> {}:{number}:{}", line.origin, line.column)?;
                write!(f, "\n{gutter} |")?;
                write!(f, "\n{number} | {}", line.text)?;
                write!(f, "\n{gutter} | {lead}{caret}")?;
            }
        }
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Diagnostic {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_characters_not_bytes() {
        let text = "first\n\té = über\n";
        let start = text.find("über").unwrap();
        let line = Line::of("x.toml", text, start..start + "über\n".len());
        assert_eq!((line.number, line.column, line.width), (2, 6, 4));
        let shown = Diagnostic {
            place: Place::Line(line),
            message: "no".to_owned(),
            hint: None,
        };
        assert_eq!(
            shown.to_string(),
            "no\n  --> x.toml:2:6\n  |\n2 | \té = über\n  | \t    ^^^^"
        );
    }

    #[test]
    fn a_place_at_or_past_the_end_is_the_end() {
        let line = Line::of("x", "ab", 9..12);
        assert_eq!((line.number, line.column, line.width), (1, 3, 1));
        let line = Line::of("x", "", 0..0);
        assert_eq!((line.number, line.column, line.width), (1, 1, 1));
    }
}
