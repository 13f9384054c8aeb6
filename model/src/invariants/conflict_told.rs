//! Every conflict of edits is told to its users: none is resolved in silence.
//!
//! A conflict is an edit whose author saw an older version than the one before its own. Judged at the end of the
//! run, over the revisions, the edits' answers and what devices showed. An edit that was refused as a conflict
//! told its user the version they had seen and the newer one there is. One that was made says how, merged or
//! over others, in its revision and to its author; and the author of every version that it did not see was shown
//! a notice of it. No notice tells of what did not happen. What the versions say is for `no_lost_update`.

use std::collections::BTreeSet;

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::history::Outcome;
use sim::record::value::Value;

use super::revisions::{Revision, Revisions, edits};

pub(super) const CHECK: Check = Check {
    name: "conflict_told",
    kind: Kind::Always,
    promise: "every conflict of edits is refused with both versions, merged with both users told, or made with the overwritten user told",
    judge,
};

/// Who was shown that which version came over which of theirs.
type Shown<'a> = BTreeSet<(&'a str, &'a str, i64, i64)>;

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let revisions = Revisions::of(record)?;
    let shown = shown(record);
    let mut evidence = Vec::new();
    for (id, edit) in edits(record) {
        let claim = match &edit.outcome {
            Outcome::Fail(answer) => refused_badly(&edit.input, answer),
            Outcome::Ok(answer) => {
                let asset = answer.text("asset");
                let version = answer.get("version").as_int().unwrap_or(0);
                let made = revisions.get(asset, version);
                made.and_then(|made| told_badly(made, answer.text("made")))
            }
            Outcome::Unknown(_) => None,
        };
        let subject = edit.input.text("asset");
        evidence.extend(claim.map(|claim| Evidence::new(subject, claim).shown_by(id)));
    }
    for revision in revisions.iter().filter(|it| it.is_conflict()) {
        let claims = silent(revision, &revisions, &shown);
        evidence.extend(claims.map(|claim| Evidence::new(revision.asset, claim)));
    }
    evidence.extend(untrue(&revisions, &shown));
    Ok(evidence)
}

fn shown(record: &Record) -> Shown<'_> {
    let notices = record.notes.iter();
    let notices = notices.filter(|note| note.name == "conflict_notice_shown");
    let number = |detail: &Value, key| detail.get(key).as_int().unwrap_or(0);
    notices
        .map(|note| {
            let detail = &note.detail;
            let (version, by) = (number(detail, "version"), number(detail, "by"));
            (note.node.as_str(), detail.text("asset"), version, by)
        })
        .collect()
}

/// A conflict that was refused without both versions.
fn refused_badly(asked: &Value, answer: &Value) -> Option<String> {
    if answer.get("status").as_int() != Some(409) {
        return None;
    }
    let seen = asked.get("version").as_int();
    let (yours, there) = (answer.get("yours").as_int(), answer.get("version").as_int());
    let told = yours.is_some() && yours == seen && there > seen;
    (!told).then(|| {
        let number = |version: Option<i64>| version.map_or("none".to_owned(), |it| it.to_string());
        format!(
            "an edit of version {} was refused and told the versions {} and {}",
            number(seen),
            number(yours),
            number(there)
        )
    })
}

/// A conflict of which its author was told that there was none.
fn told_badly(made: &Revision<'_>, told: &str) -> Option<String> {
    (made.is_conflict() && told != made.made).then(|| {
        format!(
            "version {} is {}, and its author was told that it is {told}",
            made.version, made.made
        )
    })
}

/// A conflict that somebody else does not know of.
fn silent<'a>(
    made: &'a Revision<'_>,
    revisions: &'a Revisions<'_>,
    shown: &'a Shown<'_>,
) -> impl Iterator<Item = String> {
    let unmarked = !matches!(made.made, "merged" | "overwrote");
    let unmarked = unmarked.then(|| {
        let (version, base) = (made.version, made.base.unwrap_or(0));
        format!("version {version} was made of version {base} as if nothing lay between")
    });
    let between = made.base.map_or(made.version, |base| base + 1)..made.version;
    let overtaken = between.filter_map(|version| revisions.get(made.asset, version));
    let untold =
        overtaken.filter(|it| !shown.contains(&(it.author, it.asset, it.version, made.version)));
    let untold = untold.map(|it| {
        format!(
            "version {} of {} did not see version {} of {}, who was not told",
            made.version, made.author, it.version, it.author
        )
    });
    unmarked.into_iter().chain(untold)
}

/// Notices of what did not happen.
fn untrue(revisions: &Revisions<'_>, shown: &Shown<'_>) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    for (user, asset, version, by) in shown {
        let theirs = revisions
            .get(asset, *version)
            .is_some_and(|it| it.author == *user);
        let over = revisions.get(asset, *by);
        let over = over.is_some_and(|it| it.base < Some(*version) && version < by);
        if !(theirs && over) {
            let claim = format!("{user} was told that version {by} came over version {version}");
            evidence.push(Evidence::new(*asset, claim));
        }
    }
    evidence
}
