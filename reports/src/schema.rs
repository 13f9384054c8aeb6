//! Schemas: the name and version every machine document carries.
//!
//! A document opens with `"schema": "proveniq/…/v1"`. Writers put it there by type, so it cannot be
//! forgotten; readers look at it before anything else, so that a document of another kind or
//! version is refused by its name and not by some missing field.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A machine document with a schema of its own.
pub trait Document: Serialize + DeserializeOwned {
    /// The schema's name and version, such as `proveniq/seed/v1`.
    const SCHEMA: &'static str;

    /// The document on one line, without a line break at its end.
    fn to_line(&self) -> String {
        serde_json::to_string(self).expect("a document's maps have text as keys")
    }

    /// The document over many lines, for people who read JSON.
    fn to_pretty(&self) -> String {
        serde_json::to_string_pretty(self).expect("a document's maps have text as keys")
    }

    /// Reads a document of exactly this schema.
    ///
    /// # Errors
    /// [`DocumentError`], which tells another schema from a malformed document of this one.
    fn parse(text: &str) -> Result<Self, DocumentError> {
        let envelope: Envelope =
            serde_json::from_str(text).map_err(|source| DocumentError::NotADocument {
                expected: Self::SCHEMA,
                source,
            })?;
        if envelope.schema != Self::SCHEMA {
            return Err(DocumentError::OtherSchema {
                expected: Self::SCHEMA,
                found: envelope.schema,
            });
        }
        serde_json::from_str(text).map_err(|source| DocumentError::Malformed {
            schema: Self::SCHEMA,
            source,
        })
    }
}

/// Why a text is not the document that was expected.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// No JSON object with a schema.
    #[error("expected a `{expected}` document, found no JSON object with a `schema`: {source}")]
    NotADocument {
        /// The schema that was expected.
        expected: &'static str,
        /// What the JSON reader says.
        source: serde_json::Error,
    },
    /// A document of another kind or version.
    #[error(
        "expected a `{expected}` document, found `{found}`; \
         write it again with this version of the program, or read it with the one that wrote it"
    )]
    OtherSchema {
        /// The schema that was expected.
        expected: &'static str,
        /// The schema that was found.
        found: String,
    },
    /// The right schema, but not its content.
    #[error("the document says it is `{schema}` but does not follow it: {source}")]
    Malformed {
        /// The schema.
        schema: &'static str,
        /// What the JSON reader says.
        source: serde_json::Error,
    },
}

#[derive(Deserialize)]
struct Envelope {
    schema: String,
}

/// The `schema` field of a document: takes no space, written by type, refused when it differs.
pub struct Schema<D>(PhantomData<fn() -> D>);

impl<D> Schema<D> {
    /// The tag of the document's own schema.
    pub const fn new() -> Schema<D> {
        Schema(PhantomData)
    }
}

// Written out because a derive would ask the document to have what its tag has.
impl<D> Default for Schema<D> {
    fn default() -> Self {
        Schema::new()
    }
}

impl<D> Clone for Schema<D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D> Copy for Schema<D> {}

impl<D> PartialEq for Schema<D> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<D> Eq for Schema<D> {}

impl<D: Document> fmt::Debug for Schema<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(D::SCHEMA)
    }
}

impl<D: Document> Serialize for Schema<D> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(D::SCHEMA)
    }
}

impl<'de, D: Document> Deserialize<'de> for Schema<D> {
    fn deserialize<R: Deserializer<'de>>(deserializer: R) -> Result<Self, R::Error> {
        let found = String::deserialize(deserializer)?;
        if found == D::SCHEMA {
            Ok(Schema::new())
        } else {
            let expected = D::SCHEMA;
            Err(R::Error::custom(format!(
                "schema is `{found}`, expected `{expected}`"
            )))
        }
    }
}
