//! What a user may change of an asset: its fields, by name.

use serde::{Deserialize, Serialize};

/// A field of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// What its owner calls it.
    Name,
    /// What kind of thing it is.
    Category,
    /// What people want each other to know of it.
    Note,
}

impl Field {
    /// Every field.
    pub const ALL: [Field; 3] = [Field::Name, Field::Category, Field::Note];

    /// As history and tables spell it.
    pub fn name(self) -> &'static str {
        match self {
            Field::Name => "name",
            Field::Category => "category",
            Field::Note => "note",
        }
    }
}

/// The values of all fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fields {
    /// [`Field::Name`].
    pub name: String,
    /// [`Field::Category`].
    pub category: String,
    /// [`Field::Note`]; empty at first.
    pub note: String,
}

impl Fields {
    /// One field's value.
    pub fn get(&self, field: Field) -> &str {
        match field {
            Field::Name => &self.name,
            Field::Category => &self.category,
            Field::Note => &self.note,
        }
    }

    /// Gives one field another value.
    pub fn set(&mut self, field: Field, value: &str) {
        let place = match field {
            Field::Name => &mut self.name,
            Field::Category => &mut self.category,
            Field::Note => &mut self.note,
        };
        value.clone_into(place);
    }
}
