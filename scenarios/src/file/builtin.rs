//! The built-in scenarios: files of `fixtures/scenarios`, embedded in the program.
//!
//! To add one, write the file and add a line here.

/// A scenario that comes with the program.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// Its name, which is also its file's.
    pub name: &'static str,
    /// The file's text.
    pub text: &'static str,
}

/// Every built-in scenario, in the order in which they are best learnt.
pub const BUILT_INS: &[BuiltIn] = &[
    built_in(
        "happy-path",
        include_str!("../../../fixtures/scenarios/happy-path.toml"),
    ),
    built_in(
        "locker-timeout",
        include_str!("../../../fixtures/scenarios/locker-timeout.toml"),
    ),
    built_in(
        "locker-timeout-rollback",
        include_str!("../../../fixtures/scenarios/locker-timeout-rollback.toml"),
    ),
    built_in(
        "locker-unreachable",
        include_str!("../../../fixtures/scenarios/locker-unreachable.toml"),
    ),
    built_in(
        "locker-hardware",
        include_str!("../../../fixtures/scenarios/locker-hardware.toml"),
    ),
    built_in(
        "ledger-constraint",
        include_str!("../../../fixtures/scenarios/ledger-constraint.toml"),
    ),
    built_in(
        "ledger-conflict",
        include_str!("../../../fixtures/scenarios/ledger-conflict.toml"),
    ),
    built_in(
        "ledger-down",
        include_str!("../../../fixtures/scenarios/ledger-down.toml"),
    ),
    built_in(
        "partial-commit",
        include_str!("../../../fixtures/scenarios/partial-commit.toml"),
    ),
    built_in(
        "timeout-after-commit",
        include_str!("../../../fixtures/scenarios/timeout-after-commit.toml"),
    ),
    built_in(
        "core-crash",
        include_str!("../../../fixtures/scenarios/core-crash.toml"),
    ),
    built_in(
        "rolling-restart",
        include_str!("../../../fixtures/scenarios/rolling-restart.toml"),
    ),
    built_in(
        "dead-letter-replay",
        include_str!("../../../fixtures/scenarios/dead-letter-replay.toml"),
    ),
    built_in(
        "verification-review",
        include_str!("../../../fixtures/scenarios/verification-review.toml"),
    ),
    built_in(
        "verification-surge",
        include_str!("../../../fixtures/scenarios/verification-surge.toml"),
    ),
    built_in(
        "lost-update",
        include_str!("../../../fixtures/scenarios/lost-update.toml"),
    ),
    built_in(
        "conflict-reject",
        include_str!("../../../fixtures/scenarios/conflict-reject.toml"),
    ),
    built_in(
        "conflict-merge",
        include_str!("../../../fixtures/scenarios/conflict-merge.toml"),
    ),
    built_in(
        "conflict-last-writer",
        include_str!("../../../fixtures/scenarios/conflict-last-writer.toml"),
    ),
    built_in(
        "conflict-pessimistic",
        include_str!("../../../fixtures/scenarios/conflict-pessimistic.toml"),
    ),
    built_in(
        "deadlock",
        include_str!("../../../fixtures/scenarios/deadlock.toml"),
    ),
    built_in(
        "breaker",
        include_str!("../../../fixtures/scenarios/breaker.toml"),
    ),
    built_in(
        "replica-reads",
        include_str!("../../../fixtures/scenarios/replica-reads.toml"),
    ),
    built_in(
        "causal-reads",
        include_str!("../../../fixtures/scenarios/causal-reads.toml"),
    ),
    built_in(
        "ledger-failover",
        include_str!("../../../fixtures/scenarios/ledger-failover.toml"),
    ),
    built_in(
        "ledger-failover-lossy",
        include_str!("../../../fixtures/scenarios/ledger-failover-lossy.toml"),
    ),
    built_in(
        "chaos-registration",
        include_str!("../../../fixtures/scenarios/chaos-registration.toml"),
    ),
    built_in(
        "chaos-orchestration",
        include_str!("../../../fixtures/scenarios/chaos-orchestration.toml"),
    ),
    built_in(
        "webhook-delivery",
        include_str!("../../../fixtures/scenarios/webhook-delivery.toml"),
    ),
    built_in(
        "webhook-receiver-down",
        include_str!("../../../fixtures/scenarios/webhook-receiver-down.toml"),
    ),
    built_in(
        "webhook-slow-endpoint",
        include_str!("../../../fixtures/scenarios/webhook-slow-endpoint.toml"),
    ),
    built_in(
        "webhook-secret-rotation",
        include_str!("../../../fixtures/scenarios/webhook-secret-rotation.toml"),
    ),
    built_in(
        "webhook-ordered",
        include_str!("../../../fixtures/scenarios/webhook-ordered.toml"),
    ),
    built_in(
        "dead-letter-replay-crash",
        include_str!("../../../fixtures/scenarios/dead-letter-replay-crash.toml"),
    ),
    built_in(
        "incoming-webhooks",
        include_str!("../../../fixtures/scenarios/incoming-webhooks.toml"),
    ),
    built_in(
        "chaos-webhooks",
        include_str!("../../../fixtures/scenarios/chaos-webhooks.toml"),
    ),
    built_in(
        "chaos-dataflow",
        include_str!("../../../fixtures/scenarios/chaos-dataflow.toml"),
    ),
    built_in(
        "backlog-surge",
        include_str!("../../../fixtures/scenarios/backlog-surge.toml"),
    ),
    built_in(
        "limiter-clock-skew",
        include_str!("../../../fixtures/scenarios/limiter-clock-skew.toml"),
    ),
    built_in(
        "cache-stampede",
        include_str!("../../../fixtures/scenarios/cache-stampede.toml"),
    ),
    built_in(
        "hot-key",
        include_str!("../../../fixtures/scenarios/hot-key.toml"),
    ),
    built_in(
        "replica-lag",
        include_str!("../../../fixtures/scenarios/replica-lag.toml"),
    ),
    built_in(
        "partition-skew",
        include_str!("../../../fixtures/scenarios/partition-skew.toml"),
    ),
    built_in(
        "delivery-modes",
        include_str!("../../../fixtures/scenarios/delivery-modes.toml"),
    ),
    built_in(
        "realtime-resume",
        include_str!("../../../fixtures/scenarios/realtime-resume.toml"),
    ),
    built_in(
        "chaos-realtime",
        include_str!("../../../fixtures/scenarios/chaos-realtime.toml"),
    ),
    built_in(
        "search-lag",
        include_str!("../../../fixtures/scenarios/search-lag.toml"),
    ),
    built_in(
        "audit-queries",
        include_str!("../../../fixtures/scenarios/audit-queries.toml"),
    ),
];

const fn built_in(name: &'static str, text: &'static str) -> BuiltIn {
    BuiltIn { name, text }
}

/// The built-in scenario of this name.
pub fn find(name: &str) -> Option<&'static BuiltIn> {
    BUILT_INS.iter().find(|built_in| built_in.name == name)
}

/// All names in order.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    BUILT_INS.iter().map(|built_in| built_in.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_scenario_reads_and_is_named_as_its_file() {
        for built_in in BUILT_INS {
            let read = crate::file::read(built_in.name, built_in.text, &[]);
            let selected = read.unwrap_or_else(|mistakes| panic!("{mistakes}"));
            assert_eq!(selected.scenario.name, built_in.name);
        }
    }

    #[test]
    fn every_file_of_the_folder_is_listed() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/scenarios");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let mut listed: Vec<String> = names().map(|name| format!("{name}.toml")).collect();
        listed.sort();
        assert_eq!(files, listed);
    }
}
