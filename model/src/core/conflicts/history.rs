//! The versions of an asset: what an edit finds of them, and the revision it adds.
//!
//! Rows of `asset_revisions` in and out; what is decided over them stands in [`decision`](super::decision).

use super::decision::{Made, Version};
use super::fields::Fields;
use crate::core::protocol::EditAsset;
use crate::ids::AssetId;
use crate::ledger::engine::Row;
use crate::ledger::engine::statement::{Select, Statement};
use crate::ledger::engine::value::Value;
use crate::ledger::query::{self, Refine, is};
use crate::ledger::row::Cells;
use crate::ledger::tables::{asset_revisions as revisions, assets};

/// The asset's row.
pub(super) fn of_asset(asset: &AssetId) -> Select {
    query::select(assets::TABLE, is(assets::ASSET, asset.0.as_str()))
}

/// Its revisions, in their order.
pub(super) fn of_revisions(asset: &AssetId) -> Select {
    query::select(revisions::TABLE, is(revisions::ASSET, asset.0.as_str()))
        .first_by(revisions::VERSION, u64::MAX)
}

/// What is known of an asset's versions: at least one, in their order.
pub(super) struct History {
    versions: Vec<Version>,
    authors: Vec<String>,
    /// The version of the asset's row.
    current: i64,
    is_written: bool,
}

impl History {
    pub(super) fn of(row: &[Value], written: &[Row]) -> History {
        let current = row.int(assets::VERSION);
        let is_written = !written.is_empty();
        if !is_written {
            let fields = Fields {
                name: row.text(assets::NAME).to_owned(),
                category: row.text(assets::CATEGORY).to_owned(),
                note: String::new(),
            };
            let versions = vec![Version {
                number: current,
                fields,
            }];
            return History {
                versions,
                authors: vec![String::new()],
                current,
                is_written,
            };
        }
        let version = |row: &Row| Version {
            number: row.int(revisions::VERSION),
            fields: Fields {
                name: row.text(revisions::NAME).to_owned(),
                category: row.text(revisions::CATEGORY).to_owned(),
                note: row.text(revisions::NOTE).to_owned(),
            },
        };
        let author = |row: &Row| {
            row.maybe_text(revisions::AUTHOR)
                .unwrap_or_default()
                .to_owned()
        };
        History {
            versions: written.iter().map(version).collect(),
            authors: written.iter().map(author).collect(),
            current,
            is_written,
        }
    }

    pub(super) fn version(&self, number: i64) -> Option<&Version> {
        self.versions.iter().find(|it| it.number == number)
    }

    /// The version of the asset's row; an edit that has come since makes the write meet no row.
    pub(super) fn current(&self) -> &Version {
        self.version(self.current).unwrap_or_else(|| self.latest())
    }

    pub(super) fn latest(&self) -> &Version {
        self.versions
            .last()
            .expect("invariant: an asset has a version")
    }

    /// The versions after `base`, with their authors.
    pub(super) fn since(&self, base: i64) -> impl Iterator<Item = (i64, &str)> {
        let all = self.versions.iter().zip(&self.authors);
        all.map(|(version, author)| (version.number, author.as_str()))
            .filter(move |(number, _)| (base + 1..=self.current).contains(number))
    }

    /// The first revision, as long as no edit has written it down.
    pub(super) fn unwritten(&self, asset: &AssetId) -> Option<Statement> {
        let Version { number, fields } = self.latest();
        let first = Revision {
            version: *number,
            made: Made::Registered,
            fields,
            by: None,
        };
        (!self.is_written).then(|| first.statement(asset))
    }
}

/// A row of `asset_revisions`.
pub(super) struct Revision<'a> {
    pub(super) version: i64,
    pub(super) made: Made,
    pub(super) fields: &'a Fields,
    pub(super) by: Option<&'a EditAsset>,
}

impl Revision<'_> {
    pub(super) fn statement(&self, asset: &AssetId) -> Statement {
        let text = |text: Option<&String>| query::text(text.map(String::as_str));
        let values = [
            (
                revisions::REVISION,
                Value::text(&format!("{asset}/{}", self.version)),
            ),
            (revisions::ASSET, Value::text(&asset.0)),
            (revisions::VERSION, self.version.into()),
            (revisions::NAME, self.fields.name.as_str().into()),
            (revisions::CATEGORY, self.fields.category.as_str().into()),
            (revisions::NOTE, self.fields.note.as_str().into()),
            (revisions::MADE, self.made.name().into()),
            (
                revisions::BASE,
                self.by.map_or(Value::Null, |it| it.base.into()),
            ),
            (revisions::AUTHOR, text(self.by.map(|it| &it.author))),
            (revisions::KEY, text(self.by.map(|it| &it.key.0))),
        ];
        query::insert(revisions::TABLE, values)
    }
}
