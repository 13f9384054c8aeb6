//! Renames of an asset form one chain of versions: no gap, no fork, and whoever loses is told.
//!
//! Judged at the end of the run, over history, audit and final rows. A rename that was acknowledged
//! was told the version after the one its user had seen, no other intent was told the same version,
//! and the asset has come at least so far. The audit names each version from 2 to the asset's own
//! once. The asset's name is the one that was asked for with its version, and so is every name that
//! was read. A rename that was refused as a conflict was told a version newer than the one its user
//! had seen. Edits make versions of the same chain; what is asked of them stands in `edit_chain`, that their
//! conflicts are told in `conflict_told`. When somebody reads an old version is for `linearizable_assets`.

use std::collections::BTreeMap;

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::history::{Operation, OperationId, Outcome};
use sim::record::value::Value;

use super::audit_trail::AuditTrail;
use super::{edit_chain, list, rows_by};

pub(super) const CHECK: Check = Check {
    name: "no_lost_update",
    kind: Kind::Always,
    promise: "per asset the version chain has no gap and no fork; every conflict is told to the user who lost",
    judge,
};

/// One asset's part of a rename.
struct Change<'a> {
    id: OperationId,
    operation: &'a Operation,
    asset: &'a str,
    name: &'a str,
    /// The version its user had seen.
    seen: i64,
}

impl<'a> Change<'a> {
    fn all(record: &'a Record) -> Result<Vec<Change<'a>>, String> {
        let mut changes = Vec::new();
        let renames = record.history.iter();
        for (id, operation) in renames.filter(|(_, it)| it.function == "rename") {
            for change in list(operation.input.get("changes")) {
                let seen = change.get("version").as_int();
                changes.push(Change {
                    id,
                    operation,
                    asset: change.text("asset"),
                    name: change.text("name"),
                    seen: seen.ok_or(format!("operation {} renames no version", id.0))?,
                });
            }
        }
        Ok(changes)
    }

    fn key(&self) -> &'a str {
        self.operation.input.text("key")
    }

    fn is_unknown(&self) -> bool {
        matches!(self.operation.outcome, Outcome::Unknown(_))
    }

    /// Evidence about its asset.
    fn shows(&self, claim: String) -> Evidence {
        Evidence::new(self.asset, claim).shown_by(self.id)
    }

    /// The version it was told, when it was acknowledged.
    fn told(&self) -> Option<Option<i64>> {
        let renamed = list(self.operation.answer()?.get("renamed"));
        let mine = renamed.iter().find(|it| it.text("asset") == self.asset);
        Some(mine.and_then(|it| it.get("version").as_int()))
    }
}

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let assets = rows_by("asset", record.facts.table("assets")?);
    let trail = AuditTrail::of(record)?;
    let changes = Change::all(record)?;
    let mut evidence = Vec::new();
    for change in &changes {
        let claim = match &change.operation.outcome {
            Outcome::Ok(_) => ineffective(change, &assets),
            Outcome::Fail(answer) => untold(change, answer),
            Outcome::Unknown(_) => None,
        };
        evidence.extend(claim.map(|claim| change.shows(claim)));
    }
    evidence.extend(forks(&changes));
    for (asset, row) in &assets {
        let renamed = (!edit_chain::was_edited(record, asset)).then(|| wrong_name(row, &changes));
        let claims = broken_chain(row, &trail)
            .into_iter()
            .chain(renamed.flatten());
        evidence.extend(claims.map(|claim| Evidence::new(*asset, claim)));
    }
    evidence.extend(wrong_reads(record, &changes));
    evidence.extend(edit_chain::judge(record)?);
    Ok(evidence)
}

/// An acknowledged rename that had no effect, or another one than was told.
fn ineffective(change: &Change<'_>, assets: &BTreeMap<&str, &Value>) -> Option<String> {
    let (made, told) = (change.seen + 1, change.told()?);
    if told != Some(made) {
        let told = told.map_or("none".to_owned(), |version| version.to_string());
        return Some(format!(
            "a rename of version {} was told version {told}",
            change.seen
        ));
    }
    let last = assets
        .get(change.asset)
        .and_then(|row| row.get("version").as_int())
        .unwrap_or(0);
    (last < made).then(|| format!("a rename was told version {made}, and the last one is {last}"))
}

/// A conflict of which the loser was not told what there is now.
fn untold(change: &Change<'_>, answer: &Value) -> Option<String> {
    if answer.get("status").as_int() != Some(409) {
        return None;
    }
    let Some(version) = answer.get("version").as_int() else {
        return Some("a conflict was told without the version there is".to_owned());
    };
    (answer.text("asset") == change.asset && version <= change.seen).then(|| {
        format!(
            "a rename of version {} lost against version {version}",
            change.seen
        )
    })
}

/// Versions that two intents were told they had made.
fn forks(changes: &[Change<'_>]) -> Vec<Evidence> {
    let mut made: BTreeMap<(&str, i64), &Change<'_>> = BTreeMap::new();
    let mut evidence = Vec::new();
    for change in changes.iter().filter(|change| change.operation.is_ok()) {
        let other = *made.entry((change.asset, change.seen)).or_insert(change);
        if other.key() != change.key() {
            let claim = format!(
                "two renames were told that they made version {}",
                change.seen + 1
            );
            let both = Evidence::new(change.asset, claim).shown_by(other.id);
            evidence.push(both.shown_by(change.id));
        }
    }
    evidence
}

fn broken_chain(row: &Value, trail: &AuditTrail<'_>) -> Option<String> {
    let last = row.get("version").as_int().unwrap_or(0);
    let versions = trail.versions(row.text("asset"));
    let mut sorted = versions.clone();
    sorted.sort_unstable();
    (!sorted.iter().copied().eq(2..=last))
        .then(|| format!("its version is {last}, and by the audit it was made {versions:?}"))
}

/// Whether somebody asked for this name with this version: if anybody was told that they made it,
/// nobody else can have.
fn fits(asset: &str, version: i64, name: &str, changes: &[Change<'_>]) -> bool {
    let makers = || {
        let of_it = |it: &&Change<'_>| it.asset == asset && it.seen + 1 == version;
        changes.iter().filter(of_it)
    };
    match makers().find(|it| it.operation.is_ok()) {
        Some(maker) => maker.name == name,
        None => makers().any(|it| it.is_unknown() && it.name == name),
    }
}

fn wrong_name(row: &Value, changes: &[Change<'_>]) -> Option<String> {
    let (asset, name) = (row.text("asset"), row.text("name"));
    let version = row.get("version").as_int().unwrap_or(0);
    (version > 1 && !fits(asset, version, name, changes))
        .then(|| format!("version {version} is named {name:?}, which its maker did not ask for"))
}

fn wrong_reads(record: &Record, changes: &[Change<'_>]) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    for (id, read) in record.history.iter() {
        let Some(answer) = read.answer().filter(|_| read.function == "read") else {
            continue;
        };
        let (asset, name) = (answer.text("asset"), answer.text("name"));
        let version = answer.get("version").as_int().unwrap_or(0);
        let was_renamed = version > 1 && !edit_chain::was_edited(record, asset);
        if was_renamed && !fits(asset, version, name, changes) {
            let claim =
                format!("version {version} was read as {name:?}, which its maker did not ask for");
            evidence.push(Evidence::new(asset, claim).shown_by(id));
        }
    }
    evidence
}
