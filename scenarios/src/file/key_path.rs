//! Key paths such as `faults.plan[2].where`: the way from a document's root to one of its values.

use std::fmt;
use std::str::FromStr;

/// One step of the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Into a table, by key.
    Key(String),
    /// Into an array, by position from 0.
    Index(usize),
}

/// The way from the root to a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPath(pub Vec<Step>);

/// A text that is no key path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no key path: write keys with dots and positions in brackets, such as `faults.plan[0].from_ms`"
)]
pub struct KeyPathError(String);

impl KeyPath {
    /// This path and one more key.
    #[must_use]
    pub fn key(&self, key: &str) -> KeyPath {
        self.then(Step::Key(key.to_owned()))
    }

    /// This path and one more position.
    #[must_use]
    pub fn index(&self, index: usize) -> KeyPath {
        self.then(Step::Index(index))
    }

    fn then(&self, step: Step) -> KeyPath {
        let mut path = self.clone();
        path.0.push(step);
        path
    }
}

impl FromStr for KeyPath {
    type Err = KeyPathError;

    fn from_str(text: &str) -> Result<KeyPath, KeyPathError> {
        let wrong = || KeyPathError(text.to_owned());
        let mut steps = Vec::new();
        for part in text.split('.') {
            let (key, positions) = part.split_at(part.find('[').unwrap_or(part.len()));
            let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if key.is_empty() || !key.chars().all(legal) {
                return Err(wrong());
            }
            steps.push(Step::Key(key.to_owned()));
            for position in positions.split_inclusive(']') {
                let digits = position.strip_prefix('[').and_then(|p| p.strip_suffix(']'));
                let digits = digits.ok_or_else(wrong)?;
                steps.push(Step::Index(digits.parse().map_err(|_| wrong())?));
            }
        }
        Ok(KeyPath(steps))
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if position == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_prints_as_it_reads() {
        for text in [
            "name",
            "system.timing.link",
            "faults.plan[2].where",
            "a[0][1].b",
        ] {
            assert_eq!(text.parse::<KeyPath>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in [
            "", ".", "a.", "a..b", "a[", "a[x]", "a[1", "a[1]b", "a b", "[0]",
        ] {
            assert!(text.parse::<KeyPath>().is_err(), "{text}");
        }
    }
}
