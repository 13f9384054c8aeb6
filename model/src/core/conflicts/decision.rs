//! What becomes of an edit: made, merged, made over others, or refused.
//!
//! A plain value over the strategy and three forms: what the user saw, what there is now, and what the user
//! wants. An edit is in conflict exactly when the version its user saw is no longer the current one, whatever
//! the fields say: two users who wrote the same did not know of each other either.

use super::config::ConflictStrategy;
use super::fields::{Field, Fields};
use super::merge::{Merge, merge};
use crate::core::asset::named_states;
use crate::defects::{Defect, Defects};

named_states! {
    /// How a revision came to be.
    Made {
        /// By the registration.
        Registered = "registered",
        /// By an edit of the current version.
        Plain = "plain",
        /// By an edit of an older version that was merged with what came between.
        Merged = "merged",
        /// By an edit of an older version that was made over what came between.
        Overwrote = "overwrote",
    }
}

/// A version of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its number, from 1.
    pub number: i64,
    /// What it says.
    pub fields: Fields,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The next version is this.
    Make(Made, Fields),
    /// The edit is refused; these fields are in each other's way, or none in particular.
    Refuse(Vec<Field>),
}

/// Decides about an edit that saw `base`, of which nothing is known when it is not among the revisions.
pub fn decide(
    strategy: ConflictStrategy,
    base: Option<&Version>,
    current: &Version,
    wanted: &Fields,
    defects: &Defects,
) -> Decision {
    let Some(base) = base else {
        return Decision::Refuse(Vec::new());
    };
    if base.number == current.number {
        return Decision::Make(Made::Plain, wanted.clone());
    }
    match strategy {
        ConflictStrategy::LastWriter => Decision::Make(Made::Overwrote, wanted.clone()),
        ConflictStrategy::Reject | ConflictStrategy::MergeByField => {
            match merge(&base.fields, &current.fields, wanted) {
                Merge::Clash(clashing) => Decision::Refuse(clashing),
                Merge::Clean(_) if strategy == ConflictStrategy::Reject => {
                    Decision::Refuse(Vec::new())
                }
                Merge::Clean(merged) => {
                    Decision::Make(Made::Merged, with_defects(merged, current, wanted, defects))
                }
            }
        }
    }
}

/// A merge as it is, or as a defect has it.
fn with_defects(
    mut merged: Fields,
    current: &Version,
    wanted: &Fields,
    defects: &Defects,
) -> Fields {
    if defects.has(Defect::MergeTakesBase) {
        return wanted.clone();
    }
    if defects.has(Defect::MergeDropsField) {
        merged.set(Field::Note, current.fields.get(Field::Note));
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(name: &str, note: &str) -> Fields {
        Fields {
            name: name.to_owned(),
            category: "tool".to_owned(),
            note: note.to_owned(),
        }
    }

    fn version(number: i64, name: &str, note: &str) -> Version {
        let fields = fields(name, note);
        Version { number, fields }
    }

    fn check(base: Option<(i64, &str, &str)>, wanted: (&str, &str), expected: [Decision; 3]) {
        let base = base.map(|(number, name, note)| version(number, name, note));
        let current = version(3, "saw", "sharp");
        let wanted = fields(wanted.0, wanted.1);
        let strategies = [
            ConflictStrategy::Reject,
            ConflictStrategy::MergeByField,
            ConflictStrategy::LastWriter,
        ];
        let none = Defects::default();
        let decided =
            strategies.map(|strategy| decide(strategy, base.as_ref(), &current, &wanted, &none));
        assert_eq!(decided, expected);
    }

    #[test]
    fn who_saw_the_current_version_is_in_no_conflict() {
        let made = Decision::Make(Made::Plain, fields("axe", ""));
        let every = [made.clone(), made.clone(), made];
        check(Some((3, "saw", "sharp")), ("axe", ""), every);
    }

    #[test]
    fn who_saw_an_older_version_is_refused_or_merged_or_wins_by_strategy() {
        // Somebody else changed the note since.
        let expected = [
            Decision::Refuse(Vec::new()),
            Decision::Make(Made::Merged, fields("axe", "sharp")),
            Decision::Make(Made::Overwrote, fields("axe", "")),
        ];
        check(Some((2, "saw", "")), ("axe", ""), expected);
        let expected = [
            Decision::Refuse(vec![Field::Note]),
            Decision::Refuse(vec![Field::Note]),
            Decision::Make(Made::Overwrote, fields("saw", "blunt")),
        ];
        check(Some((2, "saw", "")), ("saw", "blunt"), expected);
    }

    #[test]
    fn who_wrote_the_same_as_another_is_in_conflict_all_the_same() {
        let expected = [
            Decision::Refuse(Vec::new()),
            Decision::Make(Made::Merged, fields("saw", "sharp")),
            Decision::Make(Made::Overwrote, fields("saw", "sharp")),
        ];
        check(Some((2, "saw", "")), ("saw", "sharp"), expected);
    }

    #[test]
    fn who_saw_what_nobody_wrote_down_is_refused() {
        let refused = || Decision::Refuse(Vec::new());
        check(None, ("axe", ""), [refused(), refused(), refused()]);
    }
}
