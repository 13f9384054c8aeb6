//! A class: its grades in order, and what they come to.

use std::collections::BTreeMap;

use crate::document::{Grade, GradeStatus};

/// What a class came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many have each status.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Could not be decided here.
    pub incomplete: usize,
    /// Could not be read.
    pub not_graded: usize,
    /// Points by hundreds: from 0, from 100, …; all 1,000 are in the last.
    pub distribution: [usize; 11],
    /// Items by points lost on average, in thousandths of their points, the hardest first.
    pub hardest: Vec<(String, u64)>,
}

impl Summary {
    /// Sums up.
    pub fn of(grades: &[Grade]) -> Summary {
        let mut summary = Summary::default();
        let mut lost: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for grade in grades {
            *match grade.status {
                GradeStatus::Passed => &mut summary.passed,
                GradeStatus::Failed => &mut summary.failed,
                GradeStatus::Incomplete => &mut summary.incomplete,
                GradeStatus::NotGraded => &mut summary.not_graded,
            } += 1;
            if grade.status != GradeStatus::NotGraded {
                summary.distribution[(grade.points / 100).min(10) as usize] += 1;
            }
            for item in &grade.items {
                let sum = lost.entry(&item.id).or_default();
                sum.0 += u64::from(item.max_points - item.points);
                sum.1 += u64::from(item.max_points);
            }
        }
        let share =
            |(id, (lost, most)): (&str, (u64, u64))| (id.to_owned(), lost * 1000 / most.max(1));
        summary.hardest = lost.into_iter().map(share).collect();
        summary
            .hardest
            .sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        summary
    }
}
