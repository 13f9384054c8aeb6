//! What can be wrong: the closed catalogue of causes, each of which can be taken out of a case and put into a
//! healthy one.
//!
//! A cause takes connections away by a mechanism of its own (see [`lane`](super::lane)). Symptoms, such
//! as a long queue, are not in it: nobody can inject a long queue. Nor are people.

use serde::{Deserialize, Serialize};

use super::case::TARGETS;

/// A kind of cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CauseKind {
    /// C1: delivery workers keep their connection while they wait for a slow endpoint.
    ConnectionHeldAcrossHttp,
    /// C2: evidence from one site is asked for again and again without a pause, and so never arrives in time.
    EvidenceRetryStorm,
    /// C3: a long transaction of the search re-index keeps row locks that others wait for.
    BlockingReindex,
    /// C4: a statement lost its index with a migration and takes ten times as long.
    SlowStatement,
    /// C5: an item that always fails stands at the head of an ordered lane, retried without limit.
    PoisonItem,
    /// C6: a worker stands still, its leases are not renewed and its transactions stay open.
    LostLease,
    /// C7: a change of configuration gave most of the shared pool's connections to another pool.
    ShrunkPool,
}

/// How a kind is called, and where it sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its number in the catalogue.
    pub id: &'static str,
    /// The component at fault.
    pub component: &'static str,
    /// The class of the fault.
    pub fault_class: &'static str,
    /// What goes before the number of the thing at fault, such as `endpoint-`.
    pub target: &'static str,
    /// What its sessions execute.
    pub statement: &'static str,
}

impl CauseKind {
    /// All of them, in the order of their numbers.
    pub const ALL: [CauseKind; 7] = [
        CauseKind::ConnectionHeldAcrossHttp,
        CauseKind::EvidenceRetryStorm,
        CauseKind::BlockingReindex,
        CauseKind::SlowStatement,
        CauseKind::PoisonItem,
        CauseKind::LostLease,
        CauseKind::ShrunkPool,
    ];

    /// Its entry in the catalogue.
    pub const fn description(self) -> Description {
        let (id, component, fault_class, target, statement) = match self {
            CauseKind::ConnectionHeldAcrossHttp => (
                "C1",
                "webhook-delivery",
                "connection_held_while_waiting",
                "endpoint-",
                "UPDATE delivery SET attempt = attempt + 1 WHERE id = $1",
            ),
            CauseKind::EvidenceRetryStorm => (
                "C2",
                "evidence-collection",
                "retry_without_backoff",
                "site-",
                "UPDATE evidence SET attempt = attempt + 1 WHERE id = $1",
            ),
            CauseKind::BlockingReindex => (
                "C3",
                "search-index",
                "long_transaction",
                "reindex-",
                "UPDATE search_document SET body = $2 WHERE asset = $1",
            ),
            CauseKind::SlowStatement => (
                "C4",
                "notification",
                "slow_statement",
                "migration-",
                "SELECT id FROM notification WHERE asset = $1 AND read_at IS NULL",
            ),
            CauseKind::PoisonItem => (
                "C5",
                "import-lane",
                "poison_item",
                "item-",
                "SELECT pg_advisory_xact_lock($1)",
            ),
            CauseKind::LostLease => (
                "C6",
                "verify-worker",
                "lost_lease",
                "verify-",
                "SELECT id FROM verification WHERE state = 'queued' FOR UPDATE SKIP LOCKED",
            ),
            CauseKind::ShrunkPool => (
                "C7",
                "connection-pool",
                "pool_shrunk",
                "change-",
                "SELECT 1",
            ),
        };
        Description {
            id,
            component,
            fault_class,
            target,
            statement,
        }
    }

    /// The kind and number of a thing, such as `endpoint-7`; nothing when the catalogue has no such thing.
    pub fn of_parameter(parameter: &str) -> Option<(CauseKind, u16)> {
        CauseKind::ALL.into_iter().find_map(|kind| {
            let number = parameter.strip_prefix(kind.description().target)?;
            let target: u16 = number.parse().ok()?;
            // Only as it is written in the case: no sign, no zero in front.
            let known = (1..=TARGETS).contains(&target) && target.to_string() == number;
            known.then_some((kind, target))
        })
    }

    /// The kind with this component and fault class.
    pub fn named(component: &str, fault_class: &str) -> Option<CauseKind> {
        CauseKind::ALL.into_iter().find(|kind| {
            let entry = kind.description();
            entry.component == component && entry.fault_class == fault_class
        })
    }
}

/// A cause as it stands in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// What is wrong.
    pub kind: CauseKind,
    /// The number of the endpoint, site, item … at fault.
    pub target: u16,
    /// How many connections it takes away at most.
    pub slots: u32,
}

impl Cause {
    /// The thing at fault, such as `endpoint-7`.
    pub fn parameter(&self) -> String {
        format!("{}{}", self.kind.description().target, self.target)
    }
}
