//! Why a submission is not graded: file, line, field and what is wrong, none of it longer than can be read.
//!
//! Libraries name a place in their own words; here these become a line of the file and the path of a field. What a learner
//! wrote stands in messages, and is cut.

/// Why a submission is not graded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[error("{file}{}{}: {message}", .line.map(|line| format!(":{line}")).unwrap_or_default(), .field.as_ref().map(|field| format!(": {field}")).unwrap_or_default())]
pub struct Malformed {
    /// The file.
    pub file: String,
    /// Its line, from 1.
    pub line: Option<usize>,
    /// The field.
    pub field: Option<String>,
    /// What is wrong.
    pub message: String,
}

/// The most characters of a learner's that are repeated.
const REPEATED_MAX: usize = 80;

/// The most characters of a message that a library made: the longest of them lists all actions.
const MESSAGE_MAX: usize = 800;

/// A learner's text, cut to what one wants to read.
pub fn cut(text: &str) -> String {
    match text.char_indices().nth(REPEATED_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// A message in which a learner's text may stand, which comes early in it: cut in its middle when it is too long.
fn cut_message(message: &str) -> String {
    let all: Vec<char> = message.chars().collect();
    if all.len() <= MESSAGE_MAX {
        return message.to_owned();
    }
    let text = |part: &[char]| part.iter().collect::<String>();
    let (begin, end) = (&all[..REPEATED_MAX], &all[all.len() - REPEATED_MAX..]);
    format!("{} … {}", text(begin), text(end))
}

/// A message of serde's without the place within the line, which is the first of a file to serde.
fn without_place(message: &str) -> &str {
    let place = message.rfind(" at line ");
    place.map_or(message, |place| &message[..place])
}

/// The field a message of serde's names, for it names what is missing or unknown only there.
fn named_field(message: &str) -> Option<&str> {
    let rest = message
        .strip_prefix("missing field `")
        .or_else(|| message.strip_prefix("unknown field `"))?;
    rest.split_once('`').map(|(field, _)| field)
}

impl Malformed {
    /// A mistake of a whole file.
    pub fn file(file: &str, message: impl Into<String>) -> Malformed {
        Malformed {
            file: file.to_owned(),
            line: None,
            field: None,
            message: cut_message(&message.into()),
        }
    }

    pub(super) fn line(file: &str, line: usize, message: impl Into<String>) -> Malformed {
        Malformed {
            line: Some(line),
            ..Malformed::file(file, message)
        }
    }

    pub(super) fn field(file: &str, line: usize, field: &str, message: String) -> Malformed {
        Malformed {
            field: Some(cut(field)),
            ..Malformed::line(file, line, message)
        }
    }

    /// A mistake that serde found below `path`, which is `.` at the root.
    pub(super) fn of_serde(file: &str, line: usize, path: &str, message: &str) -> Malformed {
        let message = without_place(message);
        // A place that has no name yet, or none at all.
        let path = path.trim_end_matches(['?', '.']);
        let field = match named_field(message) {
            Some(named) if path.is_empty() => named.to_owned(),
            Some(named) if path != named && !path.ends_with(&format!(".{named}")) => {
                format!("{path}.{named}")
            }
            _ => path.to_owned(),
        };
        Malformed {
            field: (!field.is_empty()).then(|| cut(&field)),
            ..Malformed::line(file, line, message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_line_and_a_path_and_no_learner_writes_a_long_one() {
        for (path, message, expected) in [
            (
                "at_s",
                "invalid type: string at line 1 column 9",
                "f:3: at_s: invalid type: string",
            ),
            (
                ".",
                "missing field `at_s` at line 1 column 2",
                "f:3: at_s: missing field `at_s`",
            ),
            (
                "a[0]",
                "missing field `b`",
                "f:3: a[0].b: missing field `b`",
            ),
            (
                "a[0].b",
                "unknown field `b`",
                "f:3: a[0].b: unknown field `b`",
            ),
            (".", "EOF while parsing", "f:3: EOF while parsing"),
            ("?", "EOF while parsing", "f:3: EOF while parsing"),
            ("a.?", "EOF while parsing", "f:3: a: EOF while parsing"),
        ] {
            let told = Malformed::of_serde("f", 3, path, message).to_string();
            assert_eq!(told, expected);
        }
        let long = "x".repeat(250_000);
        let told = Malformed::of_serde(
            "f",
            1,
            ".",
            &format!("unknown field `{long}`, expected `b`"),
        );
        let told = told.to_string();
        assert!(told.len() < 400 && told.ends_with("expected `b`"), "{told}");
    }
}
