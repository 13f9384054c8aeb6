//! What a client wants, as data: a script is made of intents, and a repro file keeps them.
//!
//! An intent about an asset names the registration it came from, since only the run will know the asset's
//! name.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::core::asset::{AssetContent, Strategy};
use crate::core::conflicts::fields::Field;
use crate::core::protocol::RegisterAsset;
use crate::ids::IdempotencyKey;
use crate::ledger::protocol::Consistency;
use crate::realtime::audience::Audience;

/// What a client wants. Numbers are those of registrations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Intent {
    /// To register an asset.
    Register(RegisterAsset),
    /// To rename assets, all or none, in this order.
    Rename {
        /// One key per intent.
        key: IdempotencyKey,
        /// Which assets.
        of: Vec<u64>,
        /// Their new name.
        name: String,
    },
    /// To read an asset.
    Read(u64),
    /// To read an asset, perhaps from a replica.
    ReadAt {
        /// Which asset.
        of: u64,
        /// How much must show.
        consistency: Consistency,
    },
    /// To have an asset verified again.
    Verify {
        /// One key per intent.
        key: IdempotencyKey,
        /// Which asset.
        of: u64,
    },
    /// To learn what happened to an asset.
    Audit(u64),
    /// To decide about the first dead letter.
    Letters {
        /// Whether to replay it, or else to discard it.
        replay: bool,
    },
    /// To have every dead letter of webhooks replayed.
    ReplayAll {
        /// One key per intent.
        key: IdempotencyKey,
    },
    /// To tell users of something.
    Notify {
        /// One key per intent.
        key: IdempotencyKey,
        /// Whom.
        to: Audience,
    },
    /// To read all that the audit has of something, page by page.
    AuditPages(AuditBy),
    /// To read all notifications of a user, page by page.
    Inbox(String),
    /// To find assets with a word in their name.
    Search(String),
    /// To have the search index built anew.
    Reindex,
    /// To look at an asset and edit some of its fields.
    Edit {
        /// One key per intent.
        key: IdempotencyKey,
        /// Which asset.
        of: u64,
        /// The fields and what they shall say.
        changes: Vec<(Field, String)>,
    },
}

/// What of the audit somebody wants to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AuditBy {
    /// Of the asset of a registration.
    Asset(u64),
    /// Of an instance of Core, counted from zero.
    Instance(u32),
    /// Of the last seconds.
    Lately,
}

impl Intent {
    /// The numbers of the registrations it is about, other than itself.
    pub fn registrations(&self) -> Vec<u64> {
        match self {
            Intent::Rename { of, .. } => of.clone(),
            Intent::Read(of)
            | Intent::ReadAt { of, .. }
            | Intent::Audit(of)
            | Intent::Edit { of, .. }
            | Intent::AuditPages(AuditBy::Asset(of))
            | Intent::Verify { of, .. } => vec![*of],
            Intent::Register(_)
            | Intent::Letters { .. }
            | Intent::ReplayAll { .. }
            | Intent::Notify { .. }
            | Intent::Inbox(_)
            | Intent::AuditPages(AuditBy::Instance(_) | AuditBy::Lately)
            | Intent::Search(_)
            | Intent::Reindex => Vec::new(),
        }
    }
}

impl fmt::Display for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let assets = |of: &[u64]| {
            let of = of.iter().map(|number| format!("the asset of {number}"));
            of.collect::<Vec<_>>().join(" and ")
        };
        match self {
            Intent::Register(request) => {
                let AssetContent { name, locker, .. } = &request.content;
                let strategy = match request.strategy {
                    Strategy::FullRollback => ", all or nothing",
                    Strategy::PartialCommit => "",
                };
                write!(
                    f,
                    "registers `{name}` at {locker} ({}{strategy})",
                    request.key
                )
            }
            Intent::Rename { key, of, name } => {
                write!(f, "renames {} to `{name}` ({key})", assets(of))
            }
            Intent::Read(of) => write!(f, "reads {}", assets(&[*of])),
            Intent::ReadAt { of, consistency } => {
                let (of, consistency) = (assets(&[*of]), consistency.name());
                write!(f, "reads {of} ({consistency})")
            }
            Intent::Verify { key, of } => {
                write!(f, "has {} verified ({key})", assets(&[*of]))
            }
            Intent::Audit(of) => write!(f, "asks what happened to {}", assets(&[*of])),
            Intent::ReplayAll { key } => write!(f, "replays every dead letter ({key})"),
            Intent::Notify { key, to } => {
                write!(f, "tells {} of something ({key})", to.told().join(", "))
            }
            Intent::AuditPages(by) => match by {
                AuditBy::Asset(of) => write!(f, "reads the audit of {}", assets(&[*of])),
                AuditBy::Instance(number) => {
                    write!(f, "reads the audit of instance {}", number + 1)
                }
                AuditBy::Lately => f.write_str("reads the latest of the audit"),
            },
            Intent::Inbox(user) => write!(f, "reads the inbox of {user}"),
            Intent::Search(word) => write!(f, "searches for `{word}`"),
            Intent::Reindex => f.write_str("has the search index built anew"),
            Intent::Edit { key, of, changes } => {
                let change =
                    |(field, value): &(Field, String)| format!("{} `{value}`", field.name());
                let changes: Vec<String> = changes.iter().map(change).collect();
                let (of, changes) = (assets(&[*of]), changes.join(" and "));
                write!(f, "makes {of} have the {changes} ({key})")
            }
            Intent::Letters { replay: true } => f.write_str("replays the first dead letter"),
            Intent::Letters { replay: false } => f.write_str("discards the first dead letter"),
        }
    }
}
