//! LAB-003: two users edit one asset at once, from different sessions.
//!
//! Each of the three strategies can be right; what no policy may do is to overwrite in silence. A policy without
//! a notice, or with one that is sent after the commit, is the system's own defect of that name, switched on.

use model::client::script::Planned;
use model::defects::Defect;
use sim::random::Randomness;
use sim::record::value::Value;

use super::policy::{Kind, Knob, Policy};
use super::trial::Seen;
use super::{Criterion, Lab, nothing_follows};
use crate::scenario::Scenario;

/// The lab.
pub const LAB: Lab = Lab {
    name: "LAB-003",
    title: "Two users edit one asset at once, from different sessions.",
    teaches: "Find out that somebody was faster, choose what becomes of the later edit, and tell both.",
    scenario: include_str!("../../../fixtures/labs/lab-003.toml"),
    file: "fixtures/labs/lab-003.toml",
    knobs: KNOBS,
    follows: nothing_follows,
    defects,
    script: as_drawn,
    criteria: CRITERIA,
};

const KNOBS: &[Knob] = &[
    Knob {
        key: "strategy",
        sets: Some("system.conflicts.strategy"),
        kind: Kind::Word(&["reject", "merge_by_field", "last_writer"]),
        default: "\"last_writer\"",
        meaning: "what becomes of an edit whose version is no longer current",
    },
    Knob {
        key: "locking",
        sets: Some("system.conflicts.locking"),
        kind: Kind::Word(&["optimistic", "pessimistic"]),
        default: "\"optimistic\"",
        meaning: "whether an edit locks the asset before it looks",
    },
    Knob {
        key: "notice",
        sets: None,
        kind: Kind::Word(&["none", "after_commit", "in_transaction"]),
        default: "\"none\"",
        meaning: "when the user whose edit was overtaken is told",
    },
];

const CRITERIA: &[Criterion] = &[
    Criterion {
        name: "reproduced",
        promise: "the two sessions meet: some edit is made of a version that is no longer current",
        look: "states conflict_was_rejected, conflict_was_merged, overtaken_user_was_told; table asset_revisions",
        judge: reproduced,
    },
    Criterion {
        name: "both_told",
        promise: "every conflict is found, and both users are told",
        look: "table asset_revisions where base is older than the version before; check conflict_told; `notice`",
        judge: |seen| seen.held(&["conflict_told"]),
    },
    Criterion {
        name: "no_update_lost",
        promise: "each version says what its author wanted over what was there before",
        look: "table asset_revisions; checks no_lost_update and linearizable_assets; `strategy`",
        judge: |seen| {
            seen.held(&[
                "acked_writes_survive",
                "no_lost_update",
                "linearizable_assets",
            ])
        },
    },
    Criterion {
        name: "documented",
        promise: "every edit has its entry in the audit",
        look: "table audit; check audit_complete",
        judge: |seen| seen.held(&["audit_complete"]),
    },
    Criterion {
        name: "every_check",
        promise: "every other promise of the system holds",
        look: "proveniq list checks",
        judge: |seen| seen.held_but(&["conflict_told"]),
    },
];

fn reproduced(seen: &Seen<'_>) -> Result<(), String> {
    let rows = seen.record().facts.table("asset_revisions")?;
    let number = |row: &Value, column: &str| row.get(column).as_int();
    let overtaken = rows.iter().any(|row| {
        let (base, version) = (number(row, "base"), number(row, "version"));
        base.zip(version)
            .is_some_and(|(base, version)| base + 1 < version)
    });
    match overtaken || seen.record().reached.contains("conflict_was_rejected") {
        true => Ok(()),
        false => Err("no two edits met: this seed is no test".to_owned()),
    }
}

fn defects(policy: &Policy) -> Vec<Defect> {
    let none = policy
        .is("notice", "none")
        .then_some(Defect::LastWriterWithoutNotice);
    let late = policy
        .is("notice", "after_commit")
        .then_some(Defect::NoticeOutsideTxn);
    none.into_iter().chain(late).collect()
}

/// As the scenario draws it.
fn as_drawn(_: &Scenario, _: &Policy, _: &Randomness) -> Option<Vec<Planned>> {
    None
}
