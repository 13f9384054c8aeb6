//! Exit codes: what a script may rely on.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | every check held |
//! | 1 | a check was violated (never retry) |
//! | 2 | usage or input file error |
//! | 3 | inconclusive: an unknown verdict, or a budget ran out |
//! | 4 | nothing selected |
//! | 5 | nondeterminism detected |
//! | 6 | a grade is below the pass mark, when that was asked for |
//! | 70 | internal error |
//! | 75 | temporary infrastructure failure (may be retried) |
//!
//! One exhaustive match goes from every way a command can end to its code, so a new ending cannot
//! forget one.

use crate::failure::Failure;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// Every check held, or there was nothing to judge and all went well.
    Held,
    /// A check was violated.
    Violated,
    /// What was typed, or a file that was given, is wrong.
    Usage,
    /// No violation, but not everything could be judged.
    Inconclusive,
    /// There was nothing to do.
    NothingSelected,
    /// The same inputs gave two runs.
    Nondeterministic,
    /// A grade is below the pass mark.
    BelowPass,
    /// A bug of this program.
    Internal,
    /// The machine had no means; another try may succeed.
    Temporary,
}

/// How a command that did its work concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// It told what it was asked for; nothing was judged.
    Told,
    /// Every check held.
    Held,
    /// A check was violated.
    Violated,
    /// A check could not judge, a budget ran out, or a state was never reached.
    Inconclusive,
    /// There was nothing to run.
    NothingSelected,
    /// The same inputs gave two runs.
    Nondeterministic,
    /// A grade is below the pass mark, and that was to be told.
    BelowPass,
    /// The process of a run ended by itself.
    RunAborted,
    /// The process of a run was ended from outside.
    RunKilled,
}

impl ExitCode {
    /// The code of what a command came to.
    pub fn of(result: &Result<Conclusion, Failure>) -> ExitCode {
        match result {
            Ok(Conclusion::Told | Conclusion::Held) => ExitCode::Held,
            Ok(Conclusion::Violated) => ExitCode::Violated,
            Ok(Conclusion::Inconclusive) => ExitCode::Inconclusive,
            Ok(Conclusion::NothingSelected) => ExitCode::NothingSelected,
            Ok(Conclusion::Nondeterministic) => ExitCode::Nondeterministic,
            Ok(Conclusion::BelowPass) => ExitCode::BelowPass,
            Ok(Conclusion::RunAborted) => ExitCode::Internal,
            Ok(Conclusion::RunKilled) => ExitCode::Temporary,
            Err(Failure::Usage(_) | Failure::Select(_) | Failure::Mistakes(_)) => ExitCode::Usage,
            Err(Failure::Unwritable { .. } | Failure::Unreadable { .. }) => ExitCode::Usage,
            Err(Failure::Temporary(_)) => ExitCode::Temporary,
            Err(Failure::Internal(_)) => ExitCode::Internal,
        }
    }

    /// The number the system is given.
    pub fn number(self) -> u8 {
        match self {
            ExitCode::Held => 0,
            ExitCode::Violated => 1,
            ExitCode::Usage => 2,
            ExitCode::Inconclusive => 3,
            ExitCode::NothingSelected => 4,
            ExitCode::Nondeterministic => 5,
            ExitCode::BelowPass => 6,
            ExitCode::Internal => 70,
            ExitCode::Temporary => 75,
        }
    }
}

impl Conclusion {
    /// The graver of two: a run that cannot be trusted outweighs its verdicts, a violation outweighs
    /// what is not known, and a loss that another try may mend outweighs a lasting doubt.
    #[must_use]
    pub fn or_graver(self, other: Conclusion) -> Conclusion {
        if other.gravity() > self.gravity() {
            other
        } else {
            self
        }
    }

    fn gravity(self) -> u8 {
        match self {
            Conclusion::Told => 0,
            Conclusion::Held => 1,
            Conclusion::NothingSelected | Conclusion::BelowPass => 2,
            Conclusion::Inconclusive => 3,
            Conclusion::RunKilled => 4,
            Conclusion::Violated => 5,
            Conclusion::RunAborted => 6,
            Conclusion::Nondeterministic => 7,
        }
    }
}

impl From<reports::RunVerdict> for Conclusion {
    /// What a judged run concludes. One that failed to run has no record and no say here.
    fn from(verdict: reports::RunVerdict) -> Conclusion {
        match verdict {
            reports::RunVerdict::Held => Conclusion::Held,
            reports::RunVerdict::Violated => Conclusion::Violated,
            reports::RunVerdict::Unknown | reports::RunVerdict::FailedToRun => {
                Conclusion::Inconclusive
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(result: Result<Conclusion, Failure>, number: u8) {
        assert_eq!(ExitCode::of(&result).number(), number, "{result:?}");
    }

    #[test]
    fn every_ending_has_its_documented_code() {
        check(Ok(Conclusion::Told), 0);
        check(Ok(Conclusion::Held), 0);
        check(Ok(Conclusion::Violated), 1);
        check(Err(Failure::Usage("no".into())), 2);
        check(Ok(Conclusion::Inconclusive), 3);
        check(Ok(Conclusion::NothingSelected), 4);
        check(Ok(Conclusion::Nondeterministic), 5);
        check(Ok(Conclusion::BelowPass), 6);
        check(Ok(Conclusion::RunAborted), 70);
        check(Err(Failure::Internal("no".into())), 70);
        check(Ok(Conclusion::RunKilled), 75);
        check(Err(Failure::Temporary("no".into())), 75);
    }

    #[test]
    fn the_gravest_of_several_wins_in_any_order() {
        let order = [
            Conclusion::Held,
            Conclusion::Inconclusive,
            Conclusion::RunKilled,
            Conclusion::Violated,
            Conclusion::RunAborted,
            Conclusion::Nondeterministic,
        ];
        for (index, graver) in order.iter().enumerate() {
            for lesser in &order[..=index] {
                assert_eq!(lesser.or_graver(*graver), *graver);
                assert_eq!(graver.or_graver(*lesser), *graver);
            }
        }
    }
}
