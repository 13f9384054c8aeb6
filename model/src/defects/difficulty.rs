//! Difficulty: how many runs it takes until a defect is caught where it shows.
//!
//! It is measured, not judged: the median of the searches that `proveniq hunt` makes by its default strategy, in the
//! situation that is the defect's. What stands here is the last measurement; a hunt says where its own
//! leaves no doubt that a defect is of another class by now. It depends on the situation: a defect that is
//! easy there may be out of reach elsewhere. For defects that no run of the whole system shows it says nothing.

use std::fmt;

use super::Defect;

/// How many runs it takes, in the median, until a defect is caught where it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difficulty {
    /// One or two.
    Easy,
    /// Up to ten.
    Medium,
    /// More, or half of the searches do not catch it.
    Hard,
}

/// The defects that are not easy.
const NOT_EASY: &[(Defect, Difficulty)] = &[
    (Defect::LatchBeforeJournal, Difficulty::Medium),
    (Defect::TimeoutTreatedAsFailure, Difficulty::Medium),
    (Defect::CompensationErrorStopsRest, Difficulty::Medium),
    (Defect::PollerDiesOnError, Difficulty::Medium),
    (Defect::RetryWithoutBackoff, Difficulty::Medium),
    (Defect::ReplayTwice, Difficulty::Medium),
    (Defect::ReplayRevivesNothing, Difficulty::Medium),
    (Defect::EventPublishedOutsideTxn, Difficulty::Medium),
    (Defect::SyncCommitNotAwaited, Difficulty::Medium),
    (Defect::PushBeforeCommit, Difficulty::Hard),
    (Defect::NotificationStoredOutsideTxn, Difficulty::Medium),
    (Defect::SearchDeleteResurrected, Difficulty::Medium),
    (Defect::SearchAckBeforeDurable, Difficulty::Medium),
    (Defect::NoticeOutsideTxn, Difficulty::Medium),
];

impl Difficulty {
    /// All of them.
    pub const ALL: [Difficulty; 3] = [Difficulty::Easy, Difficulty::Medium, Difficulty::Hard];

    /// That of so many runs until detection; nothing for never.
    pub fn of_runs(runs: Option<u64>) -> Difficulty {
        match runs {
            Some(..=2) => Difficulty::Easy,
            Some(3..=10) => Difficulty::Medium,
            Some(11..) | None => Difficulty::Hard,
        }
    }

    /// As it is shown.
    pub fn name(self) -> &'static str {
        match self {
            Difficulty::Easy => "easy",
            Difficulty::Medium => "medium",
            Difficulty::Hard => "hard",
        }
    }
}

impl fmt::Display for Difficulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Defect {
    /// What the last hunt measured.
    pub fn difficulty(self) -> Difficulty {
        let known = NOT_EASY.iter().find(|(defect, _)| *defect == self);
        known.map_or(Difficulty::Easy, |(_, difficulty)| *difficulty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_count_of_runs_is_of_one_class() {
        for (runs, expected) in [
            (Some(1), Difficulty::Easy),
            (Some(2), Difficulty::Easy),
            (Some(3), Difficulty::Medium),
            (Some(10), Difficulty::Medium),
            (Some(11), Difficulty::Hard),
            (Some(u64::MAX), Difficulty::Hard),
            (None, Difficulty::Hard),
        ] {
            assert_eq!(Difficulty::of_runs(runs), expected, "{runs:?}");
        }
    }

    #[test]
    fn what_is_not_easy_is_named_once() {
        for (index, (defect, difficulty)) in NOT_EASY.iter().enumerate() {
            assert_ne!(*difficulty, Difficulty::Easy, "{defect} needs no entry");
            assert!(NOT_EASY[..index].iter().all(|(other, _)| other != defect));
            assert_eq!(defect.difficulty(), *difficulty);
        }
    }
}
