//! Requests and answers as the history tells them.

use sim::record::value::Value;

use crate::core::audit::querying::Scope;
use crate::core::conflicts::fields::{Field, Fields};
use crate::core::protocol::{Answer, Ask, Body, RegisterAsset};

/// What was asked.
pub fn input(ask: &Ask) -> Value {
    match ask {
        Ask::Register(request) => registration(request),
        Ask::Rename { key, changes } => {
            let changes = changes.iter().map(|change| {
                Value::map([
                    ("asset", change.asset.0.as_str().into()),
                    ("version", change.version.into()),
                    ("name", change.name.as_str().into()),
                ])
            });
            Value::map([
                ("key", key.0.as_str().into()),
                ("changes", Value::List(changes.collect())),
            ])
        }
        Ask::ReadAt {
            asset, consistency, ..
        } => Value::map([
            ("asset", asset.0.as_str().into()),
            ("consistency", consistency.name().into()),
        ]),
        Ask::Read(asset) | Ask::Look(asset) | Ask::QueryAudit(asset) => {
            Value::map([("asset", asset.0.as_str().into())])
        }
        Ask::Edit(asked) => Value::map([
            ("key", asked.key.0.as_str().into()),
            ("asset", asked.asset.0.as_str().into()),
            ("version", asked.base.into()),
            ("wanted", fields(&asked.wanted)),
            ("author", asked.author.as_str().into()),
        ]),
        Ask::TakeNotices { user, .. } => Value::map([("user", user.as_str().into())]),
        Ask::RequestVerification { key, asset } => Value::map([
            ("key", key.0.as_str().into()),
            ("asset", asset.0.as_str().into()),
        ]),
        Ask::VerificationCompleted { verification } => {
            Value::map([("verification", verification.0.as_str().into())])
        }
        Ask::ReplayDeadLetter(letter) | Ask::DiscardDeadLetter(letter) => {
            Value::map([("letter", letter.0.as_str().into())])
        }
        Ask::ReplayDeliveries { key, endpoint } => Value::map([
            ("key", key.0.as_str().into()),
            ("endpoint", endpoint.as_deref().into()),
        ]),
        // A secret is told to nobody.
        Ask::EnableEndpoint(endpoint) | Ask::RotateSecret { endpoint, .. } => {
            Value::map([("endpoint", endpoint.as_str().into())])
        }
        Ask::ReceiveWebhook(message) => {
            Value::map([("provider", message.provider.as_str().into())])
        }
        Ask::Notify { key, to, .. } => {
            let to = to.told().into_iter().map(Value::from);
            Value::map([
                ("key", key.0.as_str().into()),
                ("to", Value::List(to.collect())),
            ])
        }
        Ask::Subscribe { user, last, .. } => Value::map([
            ("user", user.as_str().into()),
            ("last_event_id", (*last).into()),
        ]),
        Ask::MarkRead { user, mark } => Value::map([
            ("user", user.as_str().into()),
            ("mark", mark.name().into()),
            ("number", mark.number().into()),
        ]),
        Ask::ListNotifications { user, after } => {
            Value::map([("user", user.as_str().into()), ("after", (*after).into())])
        }
        Ask::PageAudit { scope, after, .. } => page_of(scope, *after),
        Ask::Search(word) => Value::map([("word", word.as_str().into())]),
        Ask::ListDeadLetters | Ask::Health | Ask::Drain | Ask::Ring(_) | Ask::Reindex => {
            Value::map([])
        }
    }
}

fn registration(request: &RegisterAsset) -> Value {
    Value::map([
        ("key", request.key.0.as_str().into()),
        ("name", request.content.name.as_str().into()),
        ("category", request.content.category.as_str().into()),
        ("locker", request.content.locker.0.as_str().into()),
        ("strategy", request.strategy.name().into()),
    ])
}

/// Which page of the audit was asked for.
fn page_of(scope: &Scope, after: i64) -> Value {
    let after = ("after", after.into());
    match scope {
        Scope::Asset(asset) => Value::map([
            ("by", "asset".into()),
            ("asset", asset.0.as_str().into()),
            after,
        ]),
        Scope::Actor(actor) => Value::map([
            ("by", "actor".into()),
            ("actor", actor.as_str().into()),
            after,
        ]),
        Scope::Between { from, until } => Value::map([
            ("by", "time".into()),
            ("from", (*from).into()),
            ("until", (*until).into()),
            after,
        ]),
    }
}

fn fields(fields: &Fields) -> Value {
    Value::map(Field::ALL.map(|field| (field.name(), fields.get(field).into())))
}

/// What was answered.
pub fn answer(answer: &Answer) -> Value {
    let mut told = vec![
        ("status", u32::from(answer.status).into()),
        (
            "failure",
            answer.failure.map(|failure| failure.code()).into(),
        ),
    ];
    told.extend(body(&answer.body));
    Value::Map(told.into_iter().collect())
}

fn body(body: &Body) -> Vec<(&'static str, Value)> {
    match body {
        Body::Nothing => Vec::new(),
        Body::Registered {
            asset,
            status,
            slot,
            verification,
        } => vec![
            ("asset", asset.0.as_str().into()),
            ("asset_status", status.name().into()),
            ("slot", slot.map(|slot| slot.0).into()),
            (
                "verification",
                verification.as_ref().map(|it| it.0.as_str()).into(),
            ),
        ],
        Body::Renamed(versions) => {
            let versions = versions.iter().map(|(asset, version)| {
                Value::map([
                    ("asset", asset.0.as_str().into()),
                    ("version", (*version).into()),
                ])
            });
            vec![("renamed", Value::List(versions.collect()))]
        }
        Body::Conflict(asset, version) => vec![
            ("asset", asset.0.as_str().into()),
            ("version", (*version).into()),
        ],
        Body::Asset {
            asset,
            name,
            status,
            version,
        } => vec![
            ("asset", asset.0.as_str().into()),
            ("name", name.as_str().into()),
            ("asset_status", status.name().into()),
            ("version", (*version).into()),
        ],
        Body::Verification(verification) => {
            vec![("verification", verification.0.as_str().into())]
        }
        Body::Letters(letters) => {
            let letters = letters.iter().map(|letter| letter.0.as_str().into());
            vec![("letters", Value::List(letters.collect()))]
        }
        Body::AuditPage { entries, next } => {
            let entries = entries.iter().map(|it| {
                let asset = it.asset.as_ref().map(|asset| asset.0.as_str());
                Value::map([
                    ("entry", it.entry.into()),
                    ("asset", asset.into()),
                    ("action", it.action.as_str().into()),
                    ("actor", it.actor.as_str().into()),
                    ("at", it.at.into()),
                ])
            });
            vec![
                ("page", Value::List(entries.collect())),
                ("next", next.map_or(Value::Null, Value::from)),
            ]
        }
        Body::Found {
            hits,
            newest,
            asked,
            lag_ms,
        } => {
            let hits = hits.iter().map(|hit| {
                Value::map([
                    ("asset", hit.asset.as_str().into()),
                    ("name", hit.name.as_str().into()),
                    ("version", hit.revision.into()),
                ])
            });
            vec![
                ("hits", Value::List(hits.collect())),
                ("newest", (*newest).into()),
                ("asked", (*asked).into()),
                ("lag_ms", lag_ms.map_or(Value::Null, Value::from)),
            ]
        }
        Body::Stream(stream) => vec![("stream", stream.as_str().into())],
        Body::Unread(unread) => vec![("unread", (*unread).into())],
        Body::Notifications { unread, some } => {
            let some = some.iter().map(|it| {
                Value::map([
                    ("number", it.number.into()),
                    ("source", it.source.as_str().into()),
                ])
            });
            vec![
                ("unread", (*unread).into()),
                ("notifications", Value::List(some.collect())),
            ]
        }
        Body::Form {
            asset,
            version,
            fields: said,
        } => vec![
            ("asset", asset.0.as_str().into()),
            ("version", (*version).into()),
            ("fields", fields(said)),
        ],
        Body::Edited {
            asset,
            version,
            made,
            fields: said,
        } => vec![
            ("asset", asset.0.as_str().into()),
            ("version", (*version).into()),
            ("made", made.name().into()),
            ("fields", fields(said)),
        ],
        Body::Clash {
            asset,
            yours,
            current,
            fields: said,
            clashing,
        } => vec![
            ("asset", asset.0.as_str().into()),
            ("yours", (*yours).into()),
            ("version", (*current).into()),
            ("fields", fields(said)),
            (
                "clashing",
                Value::List(clashing.iter().map(|it| it.name().into()).collect()),
            ),
        ],
        Body::Notices(notices) => vec![("notices", (notices.len() as i64).into())],
        Body::Audit(entries) => {
            let entries = entries.iter().map(|entry| entry.as_str().into());
            vec![("entries", Value::List(entries.collect()))]
        }
    }
}
