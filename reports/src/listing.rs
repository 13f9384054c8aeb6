//! Listings: what there is to choose from, for people and machines.
//!
//! Scenarios, checks, faults, defects: each is a name, a kind and a sentence, so one form shows
//! them all.

use serde::{Deserialize, Serialize};

use crate::schema::{Document, Schema};
use crate::style::{Role, Style};
use crate::table::{Cell, Table};

/// A titled list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// What is listed, such as `Scenarios`.
    pub title: String,
    /// The entries in the order in which they are shown.
    pub rows: Vec<Row>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// What to type.
    pub name: String,
    /// Which sort it is; may be empty.
    pub kind: String,
    /// How hard it is to find, for what is hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difficulty: Option<String>,
    /// What it is, in a sentence.
    pub sentence: String,
}

/// Listings as a document: `proveniq/list/v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListDocument {
    /// `proveniq/list/v1`.
    pub schema: Schema<ListDocument>,
    /// The listings.
    pub listings: Vec<Listing>,
}

impl Document for ListDocument {
    const SCHEMA: &'static str = "proveniq/list/v1";
}

impl ListDocument {
    /// The document of some listings.
    pub fn of(listings: Vec<Listing>) -> ListDocument {
        ListDocument {
            schema: Schema::new(),
            listings,
        }
    }
}

impl Row {
    /// An entry.
    pub fn new(
        name: impl Into<String>,
        kind: impl Into<String>,
        sentence: impl Into<String>,
    ) -> Row {
        Row {
            name: name.into(),
            kind: kind.into(),
            difficulty: None,
            sentence: sentence.into(),
        }
    }

    /// The same, of something hidden that is so hard to find.
    #[must_use]
    pub fn so_hard(self, difficulty: &str) -> Row {
        Row {
            difficulty: Some(difficulty.to_owned()),
            ..self
        }
    }
}

impl Listing {
    /// The list for people; ends with a line break.
    pub fn to_text(&self, style: Style) -> String {
        let mut out = format!("{}\n", style.paint(Role::Head, &self.title));
        let with_kind = self.rows.iter().any(|row| !row.kind.is_empty());
        let with_difficulty = self.rows.iter().any(|row| row.difficulty.is_some());
        let mut table = Table::new(2);
        for row in &self.rows {
            let mut cells = vec![Cell::left(Role::Command, &row.name)];
            if with_kind {
                cells.push(Cell::left(Role::Faint, &row.kind));
            }
            if with_difficulty {
                let difficulty = row.difficulty.as_deref().unwrap_or_default();
                cells.push(Cell::left(Role::Faint, difficulty));
            }
            cells.push(Cell::left(Role::Plain, &row.sentence));
            table.row(cells);
        }
        table.write(style, &mut out);
        if self.rows.is_empty() {
            out += &format!("  {}\n", style.paint(Role::Faint, "none"));
        }
        out
    }
}
