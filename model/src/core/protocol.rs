//! What clients, Verify and operations ask of Core, and what it answers.
//!
//! A request carries the budget its sender still has for it, as a span (see
//! [`deadline`](crate::resilience::deadline)). An answer carries a status as HTTP has it, the failure's
//! fixed code, and whether the same request may be sent again.

use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};
use sim::network::{Payload, Request};

use super::asset::{AssetContent, AssetStatus, Strategy};
use super::audit::querying::{Scope, Told};
use super::conflicts::decision::Made;
use super::conflicts::fields::{Field, Fields};
use super::conflicts::notices::Notice;
use crate::failure::Failure;
use crate::ids::{AssetId, IdempotencyKey, LetterId, SlotNumber, VerificationId};
use crate::ledger::protocol::Consistency;
use crate::realtime::audience::Audience;
use crate::realtime::notification::{Mark, Notification};
use crate::search::index::Hit;
use crate::webhooks::incoming::HeaderMap;

/// A request with the sender's patience.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CoreRequest {
    /// How long the sender will wait, in milliseconds.
    pub budget_ms: u64,
    /// What is asked.
    pub ask: Ask,
}

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ask {
    /// Register an asset and link it.
    Register(RegisterAsset),
    /// Rename an asset whose version the sender has seen.
    Rename {
        /// One key per intent.
        key: IdempotencyKey,
        /// The changes: all are made or none, in this order.
        changes: Vec<Renaming>,
    },
    /// Read an asset.
    Read(AssetId),
    /// Verify an asset again.
    RequestVerification {
        /// One key per intent.
        key: IdempotencyKey,
        /// The asset.
        asset: AssetId,
    },
    /// Verify reports a finished verification (its webhook `verification.completed`).
    VerificationCompleted {
        /// Which.
        verification: VerificationId,
    },
    /// The dead letters that wait for a decision.
    ListDeadLetters,
    /// Give a dead letter's work another chance.
    ReplayDeadLetter(LetterId),
    /// Decide that a dead letter's work is not to be done.
    DiscardDeadLetter(LetterId),
    /// Replay the dead letters of webhooks, those of an endpoint or all, in the order of their events.
    ReplayDeliveries {
        /// One key per intent.
        key: IdempotencyKey,
        /// Whose; everybody's when not given.
        endpoint: Option<String>,
    },
    /// An endpoint's owner says that it works again.
    EnableEndpoint(String),
    /// An endpoint's owner has a new secret.
    RotateSecret {
        /// The endpoint.
        endpoint: String,
        /// The secret, as people copy it.
        secret: String,
    },
    /// What happened to an asset.
    QueryAudit(AssetId),
    /// Whether the instance serves.
    Health,
    /// Finish what is begun, take nothing new, and restart: a redeploy.
    Drain,
    /// Read an asset, perhaps from a replica.
    ReadAt {
        /// The asset.
        asset: AssetId,
        /// How much must show.
        consistency: Consistency,
        /// The session's token: the highest of all answers it was given.
        seen: u64,
    },
    /// Tell users of something.
    Notify {
        /// One key per intent.
        key: IdempotencyKey,
        /// Whom.
        to: Audience,
        /// Of what.
        text: String,
    },
    /// Connect a user's device: from now on it is sent what follows its last notification.
    Subscribe {
        /// The user.
        user: String,
        /// The device, by its node's name.
        device: String,
        /// The number of the last notification it has (`last-event-id`); 0 before the first.
        last: i64,
    },
    /// A user has read notifications.
    MarkRead {
        /// The user.
        user: String,
        /// Which.
        mark: Mark,
    },
    /// A user's notifications that follow a number, some at a time, and how many are unread in all.
    ListNotifications {
        /// The user.
        user: String,
        /// The number.
        after: i64,
    },
    /// A page of the audit.
    PageAudit {
        /// Which entries.
        scope: Scope,
        /// The number of the entry behind which it begins; 0 for the first page.
        after: i64,
        /// How many entries at most.
        limit: u32,
    },
    /// Find assets with a word in their name.
    Search(String),
    /// As operations: build the search index anew.
    Reindex,
    /// From another instance: there is something new for these users. It may be lost.
    Ring(Vec<String>),
    /// Somebody else's service tells of something.
    ReceiveWebhook(IncomingMessage),
    /// Read all that can be edited of an asset.
    Look(AssetId),
    /// Edit an asset.
    Edit(EditAsset),
    /// Give a user the notices of edits that overtook theirs.
    TakeNotices {
        /// The user.
        user: String,
        /// The names of those that were shown since.
        shown: Vec<String>,
    },
}

/// A webhook of somebody else's, as an HTTP POST carries it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IncomingMessage {
    /// Who says that it is theirs: the path it came by.
    pub provider: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, byte for byte.
    pub body: String,
}

/// An edit: a form that its user filled in over a version they saw.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EditAsset {
    /// One key per intent.
    pub key: IdempotencyKey,
    /// The asset.
    pub asset: AssetId,
    /// The version the user saw.
    pub base: i64,
    /// The form: what the user did not touch is as it was in that version.
    pub wanted: Fields,
    /// The user.
    pub author: String,
}

/// A registration.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RegisterAsset {
    /// One key per intent.
    pub key: IdempotencyKey,
    /// What to register.
    pub content: AssetContent,
    /// What to do when the link fails.
    pub strategy: Strategy,
}

/// One change of a rename.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Renaming {
    /// The asset.
    pub asset: AssetId,
    /// The version the sender has seen.
    pub version: i64,
    /// The new name.
    pub name: String,
}

/// Core's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// What went wrong, if anything did.
    pub failure: Option<Failure>,
    /// Whether the same request may be sent again, and may then be answered differently.
    pub again: bool,
    /// What was asked for.
    pub body: Body,
    /// Where the Ledger has replicas: a position in its log that a session which got this answer has seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<u64>,
    /// When the same request may be sent again at the earliest, in milliseconds from now (HTTP's `Retry-After`,
    /// RFC 9110 section 10.2.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl Hash for Answer {
    /// A token or a wait counts only where there is one, so that a system without replicas or an edge leaves the
    /// same traces as before there were any.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.status.hash(state);
        self.failure.hash(state);
        self.again.hash(state);
        self.body.hash(state);
        if let Some(token) = self.token {
            token.hash(state);
        }
        if let Some(wait) = self.retry_after_ms {
            wait.hash(state);
        }
    }
}

/// What an answer tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Body {
    /// Nothing besides the status.
    Nothing,
    /// A registered asset.
    Registered {
        /// Its name.
        asset: AssetId,
        /// Where it stands.
        status: AssetStatus,
        /// Its slot, once linked.
        slot: Option<SlotNumber>,
        /// Its verification, once queued.
        verification: Option<VerificationId>,
    },
    /// Every change was made; the new versions.
    Renamed(Vec<(AssetId, i64)>),
    /// Somebody else changed this asset first; its version now.
    Conflict(AssetId, i64),
    /// An asset as it is.
    Asset {
        /// Its name.
        asset: AssetId,
        /// What its owner calls it.
        name: String,
        /// Where it stands.
        status: AssetStatus,
        /// Its version.
        version: i64,
    },
    /// A queued verification, perhaps one that was queued before.
    Verification(VerificationId),
    /// Open dead letters.
    Letters(Vec<LetterId>),
    /// What was done to an asset, in the order of the entries' numbers.
    Audit(Vec<String>),
    /// A page of the audit.
    AuditPage {
        /// Its entries, in the order of their numbers.
        entries: Vec<Told>,
        /// Behind which entry the next page begins; nothing when this is the last one.
        next: Option<i64>,
    },
    /// Assets that were found.
    Found {
        /// The assets.
        hits: Vec<Hit>,
        /// The highest place of any event in the index.
        newest: i64,
        /// The highest place of any event when the question came.
        asked: i64,
        /// For how long the oldest event that is missing in the index has been so; nothing when none is.
        lag_ms: Option<i64>,
    },
    /// The name of the stream that a device is connected to.
    Stream(String),
    /// How many of a user's notifications are unread.
    Unread(i64),
    /// Some of a user's notifications, in the order of their numbers.
    Notifications {
        /// How many are unread in all.
        unread: i64,
        /// Those asked for.
        some: Vec<Notification>,
    },
    /// All that can be edited of an asset.
    Form {
        /// The asset.
        asset: AssetId,
        /// Its version.
        version: i64,
        /// What it says.
        fields: Fields,
    },
    /// An edit was made.
    Edited {
        /// The asset.
        asset: AssetId,
        /// The version it made.
        version: i64,
        /// How.
        made: Made,
        /// What the version says.
        fields: Fields,
    },
    /// An edit was refused, because its version is no longer the current one.
    Clash {
        /// The asset.
        asset: AssetId,
        /// The version that the edit was made of.
        yours: i64,
        /// The version there is.
        current: i64,
        /// What it says.
        fields: Fields,
        /// The fields that both changed, to different values.
        clashing: Vec<Field>,
    },
    /// Notices, by name.
    Notices(Vec<Notice>),
}

impl Ask {
    /// As metrics name it.
    pub fn name(&self) -> &'static str {
        match self {
            Ask::Register(_) => "register",
            Ask::Rename { .. } => "rename",
            Ask::Read(_) | Ask::ReadAt { .. } => "read",
            Ask::RequestVerification { .. } => "request_verification",
            Ask::VerificationCompleted { .. } => "verification_completed",
            Ask::ListDeadLetters => "list_dead_letters",
            Ask::ReplayDeadLetter(_) => "replay_dead_letter",
            Ask::DiscardDeadLetter(_) => "discard_dead_letter",
            Ask::ReplayDeliveries { .. } => "replay_deliveries",
            Ask::EnableEndpoint(_) => "enable_endpoint",
            Ask::RotateSecret { .. } => "rotate_secret",
            Ask::ReceiveWebhook(_) => "receive_webhook",
            Ask::QueryAudit(_) => "query_audit",
            Ask::Look(_) => "look",
            Ask::Edit(_) => "edit",
            Ask::TakeNotices { .. } => "take_notices",
            Ask::Health => "health",
            Ask::Drain => "drain",
            Ask::Notify { .. } => "notify",
            Ask::Subscribe { .. } => "subscribe",
            Ask::MarkRead { .. } => "mark_read",
            Ask::ListNotifications { .. } => "list_notifications",
            Ask::Ring(_) => "ring",
            Ask::PageAudit { .. } => "page_audit",
            Ask::Search(_) => "search",
            Ask::Reindex => "reindex",
        }
    }
}

impl Answer {
    /// It was done.
    pub fn ok(status: u16, body: Body) -> Answer {
        Answer {
            status,
            failure: None,
            again: false,
            body,
            token: None,
            retry_after_ms: None,
        }
    }

    /// It was refused, and will be refused again.
    pub fn refused(status: u16, failure: Failure) -> Answer {
        Answer {
            status,
            failure: Some(failure),
            again: false,
            body: Body::Nothing,
            token: None,
            retry_after_ms: None,
        }
    }

    /// It could not be done now.
    pub fn later(status: u16, failure: Option<Failure>) -> Answer {
        Answer {
            status,
            failure,
            again: true,
            body: Body::Nothing,
            token: None,
            retry_after_ms: None,
        }
    }

    /// Whether the client was told that what it asked for is done or will be.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The answer to a registration.
    pub fn registered(
        status: u16,
        failure: Option<Failure>,
        asset: &AssetId,
        asset_status: AssetStatus,
        linked: Option<(SlotNumber, VerificationId)>,
    ) -> Answer {
        let (slot, verification) = linked.unzip();
        Answer {
            status,
            failure,
            again: false,
            body: Body::Registered {
                asset: asset.clone(),
                status: asset_status,
                slot,
                verification,
            },
            token: None,
            retry_after_ms: None,
        }
    }
}

impl Payload for CoreRequest {}
impl Payload for Answer {}
impl Request for CoreRequest {
    type Response = Answer;
}
