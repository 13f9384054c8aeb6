//! The service's tables: their columns, keys and indexes, as Core, Verify and the inspection know them.
//!
//! Each table is a module with its number and its columns, so that a statement names both and the
//! compiler knows them. [`catalog`] is the schema. What a row means stands with its columns;
//! how rows are changed stands with whoever changes them (`core`, `verify`).
//!
//! Two columns return in several tables. `run_at` is when work on a row is due, in milliseconds of
//! the Ledger's clock: the time of a retry while it waits, the end of the lease while somebody is at
//! it, null once it is finished; so one index finds both what is due and what was abandoned. `token`
//! counts claims: a worker's writes name the token it was given, and meet no row once another worker
//! has a later one.

use super::engine::schema::{Catalog, ColumnId, SequenceId, TableDef, TableId};
use super::engine::statement::{Expr, Statement};
use super::engine::value::ValueType;
pub use super::purposes::Purposes;
use super::query;

macro_rules! tables {
    ($($(#[$doc:meta])* $table:ident at $position:literal {
        $($(#[$note:meta])* $column:ident $name:literal $type:ident,)*
    })*) => {
        $(
            $(#[$doc])*
            pub mod $table {
                use super::{TableId, ValueType};

                /// The table.
                pub const TABLE: TableId = TableId($position);
                /// Its columns by number.
                pub const COLUMNS: &[(&str, ValueType)] = &[$(($name, ValueType::$type)),*];

                #[allow(
                    non_camel_case_types,
                    clippy::upper_case_acronyms,
                    reason = "they only number the constants below, not all of which have an underscore"
                )]
                enum Position { $($column),* }
                $($(#[$note])* pub const $column: usize = Position::$column as usize;)*
            }
        )*

        /// Every table's name and columns, by number.
        const TABLES: &[(TableId, &str, &[(&str, ValueType)])] =
            &[$(($table::TABLE, stringify!($table), $table::COLUMNS)),*];
    };
}

tables! {
    /// The Lockers that exist.
    lockers at 0 {
        /// Its name.
        LOCKER "locker" Text,
    }
    /// Assets, the customers' things.
    assets at 1 {
        /// Its name.
        ASSET "asset" Text,
        /// The idempotency key of the request that registered it.
        KEY "key" Text,
        /// What its owner calls it.
        NAME "name" Text,
        /// What kind of thing it is.
        CATEGORY "category" Text,
        /// The Locker it belongs into.
        LOCKER "locker" Text,
        /// How far it has come (`AssetStatus`).
        STATUS "status" Text,
        /// The slot it is in, while it is linked.
        SLOT "slot" Int,
        /// Counts the changes of its name, from 1.
        VERSION "version" Int,
    }
    /// Which request was made under which idempotency key, and what was answered.
    idempotency_keys at 2 {
        /// The key.
        KEY "key" Text,
        /// A digest of the request, to tell a repetition from a misuse.
        DIGEST "digest" Text,
        /// The asset it is about.
        ASSET "asset" Text,
        /// The answer as JSON; null while the request is being worked on.
        ANSWER "answer" Text,
        /// When it was first seen.
        CREATED_AT "created_at" Int,
    }
    /// Registrations as sagas.
    sagas at 3 {
        /// Its name.
        SAGA "saga" Text,
        /// The asset it registers.
        ASSET "asset" Text,
        /// The idempotency key to be answered.
        KEY "key" Text,
        /// The Locker to link into.
        LOCKER "locker" Text,
        /// The link's operation, the same over all attempts.
        OPERATION "operation" Text,
        /// What to do when the link fails (`Strategy`).
        STRATEGY "strategy" Text,
        /// Where it is (`SagaState`).
        STATE "state" Text,
        /// How many steps were begun.
        BEGUN "begun" Int,
        /// How many of the begun steps are completed for certain.
        DONE "done" Int,
        /// Which steps are compensated, as a bit set.
        UNDONE "undone" Int,
        /// The failure that changed its course.
        FAILURE "failure" Text,
        /// When it began.
        STARTED_AT "started_at" Int,
    }
    /// Work that some instance is to do, with a lease.
    jobs at 4 {
        /// Its name.
        JOB "job" Text,
        /// The saga it drives.
        SAGA "saga" Text,
        /// The asset it is about.
        ASSET "asset" Text,
        /// Where it is: `ready`, `leased`, `done` or `dead`.
        STATE "state" Text,
        /// When it is due, or its lease ends; null when it is finished.
        RUN_AT "run_at" Int,
        /// How often it was claimed.
        TOKEN "token" Int,
        /// How many retries have failed.
        RETRIES "retries" Int,
    }
    /// Verifications, which are also Verify's queue.
    verifications at 5 {
        /// Its name.
        VERIFICATION "verification" Text,
        /// The asset to be verified.
        ASSET "asset" Text,
        /// The Locker it is in.
        LOCKER "locker" Text,
        /// Where it is (`VerificationState`).
        STATE "state" Text,
        /// When work on it is due, or a lease ends; null when nothing is to be done.
        RUN_AT "run_at" Int,
        /// How often it was claimed.
        TOKEN "token" Int,
        /// How many attempts have failed.
        RETRIES "retries" Int,
        /// The digest of the evidence it was judged by.
        EVIDENCE "evidence" Text,
        /// Whether Core has acknowledged its completion.
        REPORTED "reported" Bool,
        /// When it was queued.
        QUEUED_AT "queued_at" Int,
        /// What it belongs to (`VerificationPriority`).
        PRIORITY "priority" Text,
    }
    /// What changed, by whom: written in the transaction of the change. Besides, requests to change
    /// something that came to nothing.
    audit at 6 {
        /// Its number. Numbers are drawn before the commit, so their order is not the order of commits.
        ENTRY "entry" Int,
        /// The asset it is about; null where a request that failed named none.
        ASSET "asset" Text,
        /// What was done.
        ACTION "action" Text,
        /// The verification, job or letter it was done to, where an asset has several.
        SUBJECT "subject" Text,
        /// The failure that led to it, by its code.
        FAILURE "failure" Text,
        /// The asset's version after an update.
        VERSION "version" Int,
        /// Who did it: the instance.
        ACTOR "actor" Text,
        /// When, on the Ledger's clock.
        AT "at" Int,
        /// True until the entry is in the chain of seals, then null.
        UNSEALED "unsealed" Bool,
    }
    /// Work that was given up, for people to look at.
    dead_letters at 7 {
        /// Its name.
        LETTER "letter" Text,
        /// The queue it fell out of: `link`, `verification` or `webhook`.
        QUEUE "queue" Text,
        /// The job, verification or delivery.
        SUBJECT "subject" Text,
        /// The asset it is about.
        ASSET "asset" Text,
        /// Why, by the failure's code, or a delivery's cause.
        CAUSE "cause" Text,
        /// Where it is: `open`, `replayed` or `discarded`.
        STATE "state" Text,
        /// How often it was replayed.
        REPLAYS "replays" Int,
        /// When it died.
        AT "at" Int,
    }
    /// Alerts to operations that must not be lost: written with what they tell of.
    alerts at 8 {
        /// Its name.
        ALERT "alert" Text,
        /// The asset it is about.
        ASSET "asset" Text,
        /// The failure, by its code.
        FAILURE "failure" Text,
        /// When.
        AT "at" Int,
    }
    /// The chain of seals over the audit, link by link.
    audit_seals at 9 {
        /// The link's place, from 1.
        POSITION "position" Int,
        /// The number of the entry it seals.
        ENTRY "entry" Int,
        /// The seal.
        SEAL "seal" Text,
    }
    /// The last link of the chain: one row, or none where the audit is not sealed.
    audit_heads at 10 {
        /// Always 1.
        HEAD "head" Int,
        /// The place of the last link; 0 before the first.
        POSITION "position" Int,
        /// The entry it seals.
        ENTRY "entry" Int,
        /// Its seal.
        SEAL "seal" Text,
    }
    /// Events to be told outside, written in the transaction of the change they tell of.
    outbox at 11 {
        /// Its place. Places are drawn after the asset's row is locked, so the events of one asset have
        /// them in the order of their commits; between assets a later commit may have an earlier place.
        POSITION "position" Int,
        /// What kind it is, such as `asset.linked`.
        KIND "kind" Text,
        /// The asset it is about.
        ASSET "asset" Text,
        /// What is sent, byte for byte.
        BODY "body" Text,
        /// Whether its deliveries are made.
        FANNED_OUT "fanned_out" Bool,
        /// When it happened.
        AT "at" Int,
    }
    /// Who wants to hear of events.
    webhook_endpoints at 12 {
        /// Its name; also its receiver's node's.
        ENDPOINT "endpoint" Text,
        /// Whose it is.
        ORGANISATION "organisation" Text,
        /// The kinds of events it wants, separated by spaces; none for all.
        EVENTS "events" Text,
        /// Whether each asset's events come in order, one at a time.
        ORDERED "ordered" Bool,
        /// The secret that signs.
        SECRET "secret" Text,
        /// The secret before, which still signs as well.
        FORMER_SECRET "former_secret" Text,
        /// Until when it does.
        FORMER_UNTIL "former_until" Int,
        /// Whether it is sent anything (`EndpointState`).
        STATE "state" Text,
        /// Since when nothing has succeeded.
        FAILING_SINCE "failing_since" Int,
    }
    /// Events on their way to endpoints.
    deliveries at 13 {
        /// Its name; those of one endpoint sort as their events do.
        DELIVERY "delivery" Text,
        /// The event.
        POSITION "position" Int,
        /// The endpoint.
        ENDPOINT "endpoint" Text,
        /// The asset the event is about.
        ASSET "asset" Text,
        /// The lane it stands in, at an ordered endpoint.
        LANE "lane" Text,
        /// Where it is (`DeliveryState`).
        STATE "state" Text,
        /// When it is due, or its lease ends; null when it is settled or waits in its lane.
        RUN_AT "run_at" Int,
        /// How often it was claimed, which is the number of its last attempt.
        TOKEN "token" Int,
        /// How many attempts were begun since it was made or replayed.
        ATTEMPTS "attempts" Int,
    }
    /// Every attempt that was begun.
    attempts at 14 {
        /// Its name.
        ATTEMPT "attempt" Text,
        /// The delivery.
        DELIVERY "delivery" Text,
        /// Its number, counted over all replays.
        TOKEN "token" Int,
        /// What came of it: `begun`, `lost` with its sender, or as the sender heard it.
        OUTCOME "outcome" Text,
        /// The status that was answered.
        STATUS "status" Int,
        /// When it was begun.
        BEGUN_AT "begun_at" Int,
        /// When its outcome was known.
        ENDED_AT "ended_at" Int,
    }
    /// Replays of many dead letters, which some instance carries on.
    replays at 15 {
        /// Its name: the idempotency key under which it was asked for.
        REPLAY "replay" Text,
        /// The endpoint whose letters are replayed; null for all.
        ENDPOINT "endpoint" Text,
        /// The delivery it has come to.
        CURSOR "cursor" Text,
        /// When its next step is due; null once it is done.
        RUN_AT "run_at" Int,
        /// When it was asked for: what dies later is not its business.
        ASKED_AT "asked_at" Int,
    }
    /// The turnstile of the outbox: one row, and who holds it makes deliveries.
    relays at 16 {
        /// Its name.
        RELAY "relay" Text,
        /// The last event seen; for a defect.
        CURSOR "cursor" Int,
    }
    /// What users are told, one row for each user.
    notifications at 17 {
        /// Its name: the user and the source, so that one source makes one notification of a user.
        NOTIFICATION "notification" Text,
        /// The user.
        USER "user" Text,
        /// Its place among the user's, from 1. Whoever draws one has the inbox's row locked until the
        /// commit, so numbers have no gap, and are in the order of the commits.
        NUMBER "number" Int,
        /// The event's id, or the key of the request that sent it.
        SOURCE "source" Text,
        /// What kind of news it is.
        KIND "kind" Text,
        /// The news.
        BODY "body" Text,
        /// Whether it is unread; null once it was read, so that an index of the unread stays small.
        UNREAD "unread" Bool,
        /// When it was stored.
        AT "at" Int,
    }
    /// The users: one row each.
    inboxes at 18 {
        /// The user.
        USER "user" Text,
        /// The number of the user's last notification.
        LAST "last" Int,
        /// How many of them are unread; changed in the transaction that stores or marks.
        UNREAD "unread" Int,
    }
    /// Events on their way to the search index.
    search_feed at 19 {
        /// The event.
        POSITION "position" Int,
        /// The asset it is about.
        ASSET "asset" Text,
        /// What the asset was when this row was written, as JSON; null when it was gone.
        DOCUMENT "document" Text,
        /// When it is due, or its lease ends; null once the index has it.
        RUN_AT "run_at" Int,
        /// When the event happened.
        AT "at" Int,
    }
    /// Others' webhooks that were processed.
    incoming at 20 {
        /// What it is remembered by: its provider's name, a slash, and what that provider signs.
        MESSAGE "message" Text,
        /// Who sent it.
        PROVIDER "provider" Text,
        /// The payment it tells of, by the provider's id.
        PAYMENT "payment" Text,
        /// The account that was paid into.
        ACCOUNT "account" Text,
        /// How much, in cents.
        AMOUNT "amount" Int,
        /// When it was processed.
        AT "at" Int,
    }
    /// What customers have paid.
    accounts at 21 {
        /// Its name.
        ACCOUNT "account" Text,
        /// In cents.
        BALANCE "balance" Int,
    }
    /// Every version of an asset that was edited.
    asset_revisions at 22 {
        /// Its name: the asset and the version.
        REVISION "revision" Text,
        /// The asset.
        ASSET "asset" Text,
        /// The version.
        VERSION "version" Int,
        /// The asset's name in it.
        NAME "name" Text,
        /// The asset's category in it.
        CATEGORY "category" Text,
        /// The asset's note in it.
        NOTE "note" Text,
        /// How it came to be (`Made`).
        MADE "made" Text,
        /// The version its author saw; null for the registration's.
        BASE "base" Int,
        /// The user who made it; null for the registration's.
        AUTHOR "author" Text,
        /// The idempotency key of the edit; null for the registration's.
        KEY "key" Text,
    }
    /// What users are to be told of edits that overtook theirs.
    conflict_notices at 23 {
        /// Its name: the asset and both versions.
        NOTICE "notice" Text,
        /// The user.
        RECIPIENT "recipient" Text,
        /// The asset.
        ASSET "asset" Text,
        /// The user's version.
        OF_VERSION "of_version" Int,
        /// The version that came over it.
        BY_VERSION "by_version" Int,
        /// How (`Made`).
        MADE "made" Text,
        /// Whether the user has not said yet that it was shown.
        UNREAD "unread" Bool,
        /// When it was written.
        AT "at" Int,
    }
}

/// Numbers for `outbox`.
pub const OUTBOX_POSITIONS: SequenceId = SequenceId(1);

/// Numbers for `audit`.
pub const AUDIT_ENTRIES: SequenceId = SequenceId(0);

/// The schema of a system: every table up to the last one it needs, since a table's number is its place.
///
/// # Panics
/// As [`whole_catalog`].
pub fn catalog(purposes: Purposes) -> Catalog {
    let mut catalog = whole_catalog();
    let last = TABLES.iter().rev().find(|(id, ..)| purposes.need(*id));
    let tables = last.map_or(0, |(id, ..)| id.0 + 1);
    catalog.tables.truncate(tables);
    if tables <= outbox::TABLE.0 {
        catalog.sequences.truncate(OUTBOX_POSITIONS.0);
    }
    catalog
}

/// The whole schema.
///
/// # Panics
/// When it contradicts itself: a bug in this file, found by any test that starts a Ledger.
pub fn whole_catalog() -> Catalog {
    let tables = TABLES.iter().map(|(id, name, columns)| {
        let bare = TableDef::new(name, columns);
        match *id {
            lockers::TABLE => bare.primary_key(&[lockers::LOCKER]),
            assets::TABLE => bare
                .primary_key(&[assets::ASSET])
                .unique(&[assets::LOCKER, assets::SLOT])
                .references(&[assets::LOCKER], lockers::TABLE, &[lockers::LOCKER]),
            idempotency_keys::TABLE => bare.primary_key(&[idempotency_keys::KEY]),
            sagas::TABLE => bare.primary_key(&[sagas::SAGA]),
            jobs::TABLE => bare.primary_key(&[jobs::JOB]).index(&[jobs::RUN_AT]),
            verifications::TABLE => bare
                .primary_key(&[verifications::VERIFICATION])
                .index(&[verifications::RUN_AT])
                .index(&[verifications::PRIORITY, verifications::RUN_AT])
                .index(&[verifications::ASSET]),
            audit::TABLE => numbered_audit(bare)
                .primary_key(&[audit::ENTRY])
                .index(&[audit::ASSET])
                .index(&[audit::UNSEALED]),
            dead_letters::TABLE => bare
                .primary_key(&[dead_letters::LETTER])
                .index(&[dead_letters::STATE]),
            alerts::TABLE => bare.primary_key(&[alerts::ALERT]),
            audit_seals::TABLE => bare
                .primary_key(&[audit_seals::POSITION])
                .unique(&[audit_seals::ENTRY]),
            audit_heads::TABLE => bare.primary_key(&[audit_heads::HEAD]),
            outbox::TABLE => numbered(bare, outbox::POSITION, OUTBOX_POSITIONS)
                .primary_key(&[outbox::POSITION])
                .index(&[outbox::FANNED_OUT, outbox::POSITION]),
            webhook_endpoints::TABLE => bare.primary_key(&[webhook_endpoints::ENDPOINT]),
            deliveries::TABLE => bare
                .primary_key(&[deliveries::DELIVERY])
                .index(&[deliveries::ENDPOINT, deliveries::RUN_AT])
                .index(&[deliveries::LANE, deliveries::POSITION])
                .index(&[deliveries::STATE, deliveries::DELIVERY]),
            attempts::TABLE => bare.primary_key(&[attempts::ATTEMPT]),
            replays::TABLE => bare
                .primary_key(&[replays::REPLAY])
                .index(&[replays::RUN_AT]),
            relays::TABLE => bare.primary_key(&[relays::RELAY]),
            notifications::TABLE => bare
                .primary_key(&[notifications::NOTIFICATION])
                .index(&[notifications::USER, notifications::NUMBER])
                .index(&[notifications::USER, notifications::UNREAD]),
            inboxes::TABLE => bare.primary_key(&[inboxes::USER]),
            search_feed::TABLE => bare
                .primary_key(&[search_feed::POSITION])
                .index(&[search_feed::RUN_AT]),
            incoming::TABLE => bare.primary_key(&[incoming::MESSAGE]),
            accounts::TABLE => bare.primary_key(&[accounts::ACCOUNT]),
            asset_revisions::TABLE => bare
                .primary_key(&[asset_revisions::REVISION])
                .index(&[asset_revisions::ASSET]),
            conflict_notices::TABLE => bare
                .primary_key(&[conflict_notices::NOTICE])
                .index(&[conflict_notices::RECIPIENT]),
            other => unreachable!("table {other:?} is not in the list"),
        }
    });
    let catalog = Catalog {
        tables: tables.collect(),
        sequences: vec![
            "audit_entry_seq".to_owned(),
            "outbox_position_seq".to_owned(),
        ],
    };
    catalog
        .validate()
        .expect("invariant: the service's schema names only what exists");
    catalog
}

/// The rows that every new Ledger begins with: the Lockers that exist, which assets refer to.
pub fn first_rows(lockers: &[String]) -> Vec<Statement> {
    let row = |locker: &String| {
        let values = [(lockers::LOCKER, locker.as_str().into())];
        query::insert(lockers::TABLE, values)
    };
    lockers.iter().map(row).collect()
}

fn numbered_audit(bare: TableDef) -> TableDef {
    let mut numbered = numbered(bare, audit::ENTRY, AUDIT_ENTRIES);
    numbered.columns[audit::UNSEALED].default = Expr::literal(true);
    numbered
}

fn numbered(mut bare: TableDef, column: usize, sequence: SequenceId) -> TableDef {
    bare.columns[column].default = Expr::NextValue(sequence);
    bare
}

/// Every table with its name and the names of its columns.
pub fn names() -> impl Iterator<Item = (TableId, &'static str, impl Iterator<Item = &'static str>)>
{
    TABLES
        .iter()
        .map(|(id, name, columns)| (*id, *name, columns.iter().map(|(column, _)| *column)))
}

/// A column as statements name it.
pub fn column(number: usize) -> ColumnId {
    ColumnId(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_stand_in_the_catalog_at_the_numbers_they_name() {
        let catalog = whole_catalog();
        for (position, (id, name, columns)) in TABLES.iter().enumerate() {
            assert_eq!(id.0, position, "{name}");
            assert_eq!(catalog.tables[position].name, *name);
            assert_eq!(catalog.tables[position].columns.len(), columns.len());
        }
    }
}
