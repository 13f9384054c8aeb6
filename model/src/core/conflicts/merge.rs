//! Three-way merge by field: what both of two users changed, over what both had seen.
//!
//! It is a plain value and knows nothing of versions; when it is asked is told by
//! [`decision`](super::decision). The rule is diff3's, for fields in the place of lines: what one side alone
//! changed is taken from it, and what both changed to different values is nobody's to decide but theirs.

use super::fields::{Field, Fields};

/// What came of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merge {
    /// Every change of both sides stands.
    Clean(Fields),
    /// Both changed these fields, to different values.
    Clash(Vec<Field>),
}

/// Merges what two users made of `base`.
pub fn merge(base: &Fields, theirs: &Fields, mine: &Fields) -> Merge {
    let mut merged = theirs.clone();
    let mut clashing = Vec::new();
    for field in Field::ALL {
        let [base, theirs, mine] = [base, theirs, mine].map(|it| it.get(field));
        if mine == base || mine == theirs {
            continue;
        }
        match theirs == base {
            true => merged.set(field, mine),
            false => clashing.push(field),
        }
    }
    match clashing.is_empty() {
        true => Merge::Clean(merged),
        false => Merge::Clash(clashing),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields([name, category, note]: [&str; 3]) -> Fields {
        Fields {
            name: name.to_owned(),
            category: category.to_owned(),
            note: note.to_owned(),
        }
    }

    fn check(theirs: [&str; 3], mine: [&str; 3], expected: Result<[&str; 3], &[Field]>) {
        let merged = merge(&fields(["a", "b", "c"]), &fields(theirs), &fields(mine));
        let expected = match expected {
            Ok(clean) => Merge::Clean(fields(clean)),
            Err(clashing) => Merge::Clash(clashing.to_vec()),
        };
        assert_eq!(merged, expected, "{theirs:?} and {mine:?}");
    }

    #[test]
    fn changes_of_different_fields_merge_and_of_the_same_clash_unless_they_agree() {
        check(["a", "b", "c"], ["a", "b", "c"], Ok(["a", "b", "c"]));
        check(["x", "b", "c"], ["a", "b", "c"], Ok(["x", "b", "c"]));
        check(["a", "b", "c"], ["x", "b", "c"], Ok(["x", "b", "c"]));
        check(["x", "b", "c"], ["a", "y", "z"], Ok(["x", "y", "z"]));
        check(["x", "b", "c"], ["x", "b", "z"], Ok(["x", "b", "z"]));
        check(["x", "b", "c"], ["y", "b", "z"], Err(&[Field::Name]));
        let both = [Field::Name, Field::Note];
        check(["x", "y", "z"], ["1", "b", "3"], Err(&both));
    }

    fn form() -> impl Strategy<Value = Fields> {
        let value = || prop_oneof![Just("a"), Just("b"), Just("c")];
        [value(), value(), value()].prop_map(fields)
    }

    proptest! {
        #[test]
        fn both_sides_get_the_same_merge(base in form(), one in form(), other in form()) {
            prop_assert_eq!(merge(&base, &one, &other), merge(&base, &other, &one));
        }

        #[test]
        fn no_value_is_invented_and_no_change_is_lost(
            base in form(), theirs in form(), mine in form(),
        ) {
            let Merge::Clean(merged) = merge(&base, &theirs, &mine) else { return Ok(()) };
            for field in Field::ALL {
                let [base, theirs, mine, merged] =
                    [&base, &theirs, &mine, &merged].map(|it| it.get(field));
                prop_assert!(merged == theirs || merged == mine);
                prop_assert!(theirs == base || merged == theirs);
                prop_assert!(mine == base || merged == mine);
            }
        }

        #[test]
        fn only_fields_that_both_changed_clash(base in form(), theirs in form(), mine in form()) {
            let clashing = match merge(&base, &theirs, &mine) {
                Merge::Clean(_) => Vec::new(),
                Merge::Clash(clashing) => clashing,
            };
            for field in Field::ALL {
                let [base, theirs, mine] = [&base, &theirs, &mine].map(|it| it.get(field));
                let both = theirs != base && mine != base && theirs != mine;
                prop_assert_eq!(clashing.contains(&field), both);
            }
        }
    }
}
