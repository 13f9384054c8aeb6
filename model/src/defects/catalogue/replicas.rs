//! The catalogue's part about replicas: what goes wrong between a primary, those that follow it, and who reads.

use crate::defects::{Defect, DefectInfo, Trigger};

/// The defects that only a system whose Ledger is replicated can have.
pub(super) const OF_REPLICAS: &[DefectInfo] = &[
    DefectInfo {
        defect: Defect::ReplicaReadIgnoresToken,
        name: "replica_read_ignores_token",
        mistake: "a session's read goes to any replica and is not made to wait for what the session \
                  has written",
        seen_in: Some(
            "MongoDB 3.6.4: causal sessions missed their own writes below majority concerns (Jepsen, 2018)",
        ),
        caught_by: "session_guarantees",
        trigger: Trigger::Order,
    },
    DefectInfo {
        defect: Defect::TokenNotAdvancedByReads,
        name: "token_not_advanced_by_reads",
        mistake: "the token is moved on by a session's writes and not by its reads, so the next \
                  replica may show an older state than the last one",
        seen_in: None,
        caught_by: "session_guarantees",
        trigger: Trigger::Order,
    },
    DefectInfo {
        defect: Defect::CausalTokenIgnored,
        name: "causal_token_ignored",
        mistake: "a device carries the tokens it was given itself and no others; what one user tells another is not there when the other looks",
        seen_in: None,
        caught_by: "causal_reads",
        trigger: Trigger::Order,
    },
    DefectInfo {
        defect: Defect::SyncCommitNotAwaited,
        name: "sync_commit_not_awaited",
        mistake: "replication is called synchronous, but a commit is confirmed once the primary \
                  alone has made it durable",
        seen_in: None,
        caught_by: "acked_writes_survive",
        trigger: Trigger::CrashWindow,
    },
    DefectInfo {
        defect: Defect::PromotesMostLagging,
        name: "promotes_most_lagging",
        mistake: "a failover names a server without comparing how far the logs reach",
        seen_in: None,
        caught_by: "acked_writes_survive",
        trigger: Trigger::CrashWindow,
    },
    DefectInfo {
        defect: Defect::OldPrimaryNotFenced,
        name: "old_primary_not_fenced",
        mistake: "a primary that lost its lease goes on serving while another leads",
        seen_in: Some("Elasticsearch 1.1.0: two primaries during a partition (Jepsen, 2014)"),
        caught_by: "no_split_brain",
        trigger: Trigger::Partition,
    },
];
