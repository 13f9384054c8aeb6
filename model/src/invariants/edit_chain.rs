//! What `no_lost_update` asks of edits: every version says what its author wanted over what was there before.
//!
//! A merge keeps what its author changed, and for the rest what the version before says, never the version that
//! its author saw. An edit that was made plainly or over others says what its author sent. The last version is
//! the asset's. Whoever looked found one of the versions as it is.

use sim::check::Evidence;
use sim::record::Record;
use sim::record::history::Outcome;
use sim::record::value::Value;

use super::revisions::{FIELDS, Revision, Revisions, edits};

/// What is wrong with the edits of a record; nothing where nobody edits.
///
/// # Errors
/// When assets were edited, and their versions could not be read.
pub(super) fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    if edits(record).next().is_none() {
        return Ok(Vec::new());
    }
    let revisions = Revisions::of(record)?;
    let mut evidence = ineffective(record, &revisions);
    for revision in revisions.iter().filter(|it| it.base.is_some()) {
        let claim = unwanted(record, revision, &revisions);
        evidence.extend(claim.map(|claim| Evidence::new(revision.asset, claim)));
    }
    for row in record.facts.table("assets")? {
        let claim = differs(row, &revisions);
        evidence.extend(claim.map(|claim| Evidence::new(row.text("asset"), claim)));
    }
    evidence.extend(wrong_looks(record, &revisions));
    Ok(evidence)
}

/// Whether an asset was edited, so that its name is judged here.
pub(super) fn was_edited(record: &Record, asset: &str) -> bool {
    let rows = record.facts.table("asset_revisions").unwrap_or_default();
    rows.iter().any(|row| row.text("asset") == asset)
}

/// Acknowledged edits that made no version.
fn ineffective(record: &Record, revisions: &Revisions<'_>) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    for (id, edit) in edits(record) {
        let Some(answer) = edit.answer() else {
            continue;
        };
        let (asset, version) = (answer.text("asset"), answer.get("version").as_int());
        let version = version.unwrap_or(0);
        let made = revisions.get(asset, version);
        if made.is_none_or(|made| made.key != edit.input.text("key")) {
            let claim = format!("an edit was told that it made version {version}, and did not");
            evidence.push(Evidence::new(asset, claim).shown_by(id));
        }
    }
    evidence
}

/// A version that does not say what its author wanted.
fn unwanted(record: &Record, made: &Revision<'_>, revisions: &Revisions<'_>) -> Option<String> {
    let version = made.version;
    let asked = edits(record).find(|(_, edit)| {
        let input = &edit.input;
        input.text("key") == made.key && input.get("version").as_int() == made.base
    });
    let Some((_, asked)) = asked else {
        return Some(format!("nobody asked for version {version}"));
    };
    let wanted = asked.input.get("wanted");
    let (seen, before) = match made.base.map(|base| revisions.get(made.asset, base)) {
        Some(Some(seen)) => (seen, revisions.get(made.asset, version - 1)?),
        _ => {
            return Some(format!(
                "version {version} was made of a version that is not there"
            ));
        }
    };
    FIELDS.iter().find_map(|field| {
        let (wanted, seen) = (wanted.text(field), seen.says(field));
        let is_merged = made.made == "merged";
        let right = match is_merged && wanted == seen {
            true => before.says(field),
            false => wanted,
        };
        let said = made.says(field);
        (said != right).then(|| {
            format!(
                "version {version} ({}) has the {field} {said:?}, and {right:?} is right",
                made.made
            )
        })
    })
}

/// An asset that is not as its last version says, or has gaps between its versions.
fn differs(row: &Value, revisions: &Revisions<'_>) -> Option<String> {
    let versions: Vec<i64> = revisions
        .of_asset(row.text("asset"))
        .map(|it| it.version)
        .collect();
    let last = revisions.of_asset(row.text("asset")).last()?;
    let version = row.get("version").as_int().unwrap_or(0);
    if !versions.iter().copied().eq(1..=version) {
        return Some(format!(
            "its version is {version}, and its revisions are {versions:?}"
        ));
    }
    let differs = |field: &&str| row.text(field) != last.says(field);
    let field = ["name", "category"].into_iter().find(|it| differs(it))?;
    Some(format!("its {field} is not that of version {version}"))
}

/// Users who were shown a version otherwise than it is.
fn wrong_looks(record: &Record, revisions: &Revisions<'_>) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    for (id, operation) in record.history.iter() {
        let answer = match (&operation.outcome, operation.function.as_str()) {
            (Outcome::Ok(answer), "look" | "edit") | (Outcome::Fail(answer), "edit") => answer,
            _ => continue,
        };
        let (asset, version) = (answer.text("asset"), answer.get("version").as_int());
        let fields = answer.get("fields");
        let Some(there) = version.and_then(|version| revisions.get(asset, version)) else {
            continue;
        };
        if let Some(field) = FIELDS.iter().find(|it| fields.text(it) != there.says(it)) {
            let shown = fields.text(field);
            let claim = format!(
                "version {} was shown with the {field} {shown:?}",
                there.version
            );
            evidence.push(Evidence::new(asset, claim).shown_by(id));
        }
    }
    evidence
}
