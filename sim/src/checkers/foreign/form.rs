//! What EDN and JSON have in common, with the place of everything kept for error messages.
//!
//! Keywords, strings and symbols are one kind of word here: JSON has only strings, and the tools write the same history
//! in both. Numbers that are no integers keep their spelling; no checker computes with them.

use super::error::{ForeignError, Place};
use super::value::Value;

/// A piece of data and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Where it begins.
    pub at: Place,
    /// What it is.
    pub data: Data,
}

/// A piece of data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// `nil` or `null`.
    Nothing,
    /// `true` or `false`.
    Truth(bool),
    /// A whole number of 64 bits.
    Integer(i64),
    /// A keyword without its colon, a string, a symbol, or a number that is no integer.
    Word(String),
    /// A vector, list, set or array.
    Sequence(Vec<Form>),
    /// Keys and values, in the order of the text.
    Map(Vec<(Form, Form)>),
}

impl Form {
    /// The value under a key of a map; none if this is no map, or the key is missing.
    pub fn get(&self, key: &str) -> Option<&Form> {
        let Data::Map(entries) = &self.data else {
            return None;
        };
        entries
            .iter()
            .find(|(name, _)| name.word() == Some(key))
            .map(|(_, value)| value)
    }

    /// The word, if it is one.
    pub fn word(&self) -> Option<&str> {
        match &self.data {
            Data::Word(word) => Some(word),
            _ => None,
        }
    }

    /// The items, if it is a sequence.
    pub fn items(&self) -> Option<&[Form]> {
        match &self.data {
            Data::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// Whether it is `nil` or `null`.
    pub fn is_nothing(&self) -> bool {
        self.data == Data::Nothing
    }

    /// The value a client stored or read; none for `nil`.
    ///
    /// # Errors
    /// A map, which no model stores.
    pub fn value(&self) -> Result<Option<Value>, ForeignError> {
        Ok(Some(match &self.data {
            Data::Nothing => return Ok(None),
            Data::Truth(truth) => Value::Truth(*truth),
            Data::Integer(number) => Value::Integer(*number),
            Data::Word(word) => Value::Word(word.as_str().into()),
            Data::Sequence(items) => Value::Sequence(
                items
                    .iter()
                    .map(Form::value)
                    .collect::<Result<Vec<_>, _>>()?
                    .into(),
            ),
            Data::Map(_) => {
                return Err(self.refuse(
                    "a map cannot be a value here",
                    "use a number, a word or a list",
                ));
            }
        }))
    }

    /// The value, where `nil` makes no sense.
    ///
    /// # Errors
    /// A map, or `nil`.
    pub fn some_value(&self, what: &str) -> Result<Value, ForeignError> {
        self.value()?
            .ok_or_else(|| self.refuse(format!("{what} is nil"), "give it a value"))
    }

    /// An error at this place.
    pub fn refuse(&self, what: impl Into<String>, mend: impl Into<String>) -> ForeignError {
        ForeignError::Meaning {
            at: self.at,
            what: what.into(),
            mend: mend.into(),
        }
    }

    /// What kind of thing it is, in words.
    pub fn kind(&self) -> &'static str {
        match &self.data {
            Data::Nothing => "nil",
            Data::Truth(_) => "a truth value",
            Data::Integer(_) => "a number",
            Data::Word(_) => "a word",
            Data::Sequence(_) => "a list",
            Data::Map(_) => "a map",
        }
    }
}
