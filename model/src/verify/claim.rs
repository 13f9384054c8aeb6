//! A verification in the hands of one worker: how it is read, written under its token, and told of.

use std::time::Duration;

use sim::NodeContext;
use sim::record::value::Value as Note;

use crate::core::verification::{VerificationPriority, VerificationState};
use crate::ids::{AssetId, FencingToken, LockerRef, VerificationId};
use crate::ledger::engine::Row;
use crate::ledger::engine::statement::Statement;
use crate::ledger::engine::value::Value;
use crate::ledger::protocol::LedgerMillis;
use crate::ledger::query::{self, is};
use crate::ledger::row::Cells;
use crate::ledger::tables::verifications;

/// A claim.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) verification: VerificationId,
    pub(super) asset: AssetId,
    pub(super) locker: LockerRef,
    /// The state it was found in.
    pub(super) state: VerificationState,
    /// The claim's number.
    pub(super) token: FencingToken,
    /// How many retries have failed.
    pub(super) retries: u32,
    /// What it belongs to.
    pub(super) priority: VerificationPriority,
}

/// Leaves a note `verifications_claimed` of a durable transaction with claims by priority: when on the Ledger's
/// clock (`at_ms`), how many places were `kept` for requested verifications, and what was claimed.
pub(super) fn tell_all_taken(context: &NodeContext, at: LedgerMillis, kept: u32, claims: &[Claim]) {
    let named = |priority: VerificationPriority| {
        let these = claims.iter().filter(|claim| claim.priority == priority);
        let names = these.map(|claim| Note::from(claim.verification.0.as_str()));
        Note::List(names.collect())
    };
    let detail = [
        ("at_ms", Note::from(at)),
        ("kept", kept.into()),
        ("registered", named(VerificationPriority::Registered)),
        ("requested", named(VerificationPriority::Requested)),
    ];
    context.note("verifications_claimed", Note::map(detail));
}

impl Claim {
    /// The claim that a row is due for.
    pub(super) fn of_row(row: &Row) -> Claim {
        let token = row.int(verifications::TOKEN) + 1;
        Claim {
            verification: VerificationId(row.text(verifications::VERIFICATION).into()),
            asset: AssetId(row.text(verifications::ASSET).into()),
            locker: LockerRef(row.text(verifications::LOCKER).into()),
            state: VerificationState::from_name(row.text(verifications::STATE)),
            token: FencingToken(u64::try_from(token).expect("invariant: tokens count up")),
            retries: u32::try_from(row.int(verifications::RETRIES))
                .expect("invariant: retries are few"),
            priority: VerificationPriority::from_name(row.text(verifications::PRIORITY)),
        }
    }

    /// A write that counts only while the claim does, unless it is unfenced, as a defect has it.
    pub(super) fn changed(
        &self,
        mut values: Vec<(usize, Value)>,
        run_at: LedgerMillis,
        fenced: bool,
    ) -> Statement {
        if values
            .iter()
            .all(|(column, _)| *column != verifications::RUN_AT)
        {
            values.push((verifications::RUN_AT, run_at.into()));
        }
        let this = is(verifications::VERIFICATION, self.verification.0.as_str());
        let mine = is(verifications::TOKEN, self.token.0 as i64)
            .and(is(verifications::STATE, self.state.name()));
        let whose = if fenced { this.and(mine) } else { this };
        query::update(verifications::TABLE, values, whose)
    }

    /// Leaves a note `verification_claim` of a claim that is durable: what it found the verification in.
    pub(super) fn tell_taken(&self, context: &NodeContext) {
        let detail = [
            ("verification", Note::from(self.verification.0.as_str())),
            ("state", self.state.name().into()),
            ("token", (self.token.0 as i64).into()),
            ("retries", self.retries.into()),
        ];
        context.note("verification_claim", Note::map(detail));
    }

    /// Leaves a note `verification` of a change that is durable: the `state` it is now in, the `token`
    /// it was written under, how many `retries` have failed, and in how long it is due again
    /// (`wait_ms`).
    pub(super) fn tell_changed(
        &self,
        context: &NodeContext,
        values: &[(usize, Value)],
        due_after: Duration,
    ) {
        let new = |column: usize| values.iter().find(|(it, _)| *it == column);
        let state = match new(verifications::STATE) {
            Some((_, Value::Text(state))) => state.as_str(),
            _ => self.state.name(),
        };
        let retries = match new(verifications::RETRIES) {
            Some((_, Value::Int(retries))) => *retries,
            _ => i64::from(self.retries),
        };
        let wait_ms = i64::try_from(due_after.as_millis()).unwrap_or(i64::MAX);
        let detail = [
            ("verification", Note::from(self.verification.0.as_str())),
            ("state", state.into()),
            ("token", (self.token.0 as i64).into()),
            ("retries", retries.into()),
            ("wait_ms", wait_ms.into()),
        ];
        context.note("verification", Note::map(detail));
    }
}
