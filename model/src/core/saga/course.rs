//! The course of a registration: four steps forward, or their compensations in reverse. A pure value.
//!
//! It knows no node and does no work. Whoever holds the saga asks [`Course::next`] what to do, does it,
//! and tells the course how it went; every change is then made durable with the work's own writes. So
//! an instance that finds the course of a dead one goes on exactly where that one was.

use std::time::Duration;

use crate::core::asset::named_states;
use crate::failure::Failure;

named_states! {
    /// Where a saga is.
    SagaState {
        /// Some instance is taking it forward.
        Running = "running",
        /// It waits for its job's time, or, when its job was given up, for people.
        Parked = "parked",
        /// What was done is being taken back.
        Compensating = "compensating",
        /// Every step is done.
        Completed = "completed",
        /// Everything is taken back.
        Compensated = "compensated",
    }
}

named_states! {
    /// A step of the registration, in the order of the steps.
    Step {
        /// The asset's record, `pending`.
        CreateLedgerRecord = "create_ledger_record",
        /// The device takes the asset into a slot.
        LinkLocker = "link_locker",
        /// The record says `linked`.
        UpdateStatus = "update_status",
        /// A verification is queued.
        QueueVerification = "queue_verification",
    }
}

impl SagaState {
    /// Whether nothing will happen to it any more.
    pub fn is_over(self) -> bool {
        match self {
            SagaState::Completed | SagaState::Compensated => true,
            SagaState::Running | SagaState::Parked | SagaState::Compensating => false,
        }
    }

    /// What its row may say while an instance has it in this state: a parked saga is
    /// [resumed](Course::resumed) without a write.
    pub fn stored_as(self) -> Vec<&'static str> {
        match self {
            SagaState::Running => vec![SagaState::Running.name(), SagaState::Parked.name()],
            state => vec![state.name()],
        }
    }
}

impl Step {
    /// All, in order.
    pub const ALL: [Step; 4] = [
        Step::CreateLedgerRecord,
        Step::LinkLocker,
        Step::UpdateStatus,
        Step::QueueVerification,
    ];

    /// How long one attempt may take.
    pub fn timeout(self) -> Duration {
        match self {
            Step::LinkLocker => Duration::from_secs(30),
            Step::CreateLedgerRecord | Step::UpdateStatus | Step::QueueVerification => {
                Duration::from_secs(5)
            }
        }
    }

    fn bit(self) -> i64 {
        1 << self as i64
    }
}

/// What to do with a saga now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Do this step.
    Execute(Step),
    /// Take this step back.
    Compensate(Step),
    /// Every step is taken back: say so.
    FinishCompensation,
    /// Nothing: it is over, or what is left must be tried again later.
    Rest,
}

/// How far a saga has come. The counts are those of its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// Where it is.
    pub state: SagaState,
    /// How many steps were begun: a begun step may have taken effect.
    pub begun: i64,
    /// How many steps are done for certain.
    pub done: i64,
    /// The steps taken back, as a bit set.
    pub undone: i64,
    /// What changed its course.
    pub failure: Option<Failure>,
    /// Compensations that failed in this instance's attempt; not stored.
    failed: i64,
}

impl Course {
    /// As a row tells it.
    pub fn restored(
        state: SagaState,
        begun: i64,
        done: i64,
        undone: i64,
        failure: Option<Failure>,
    ) -> Course {
        Course {
            state,
            begun,
            done,
            undone,
            failure,
            failed: 0,
        }
    }

    /// The course of a new registration, whose first step is done by the transaction that creates it,
    /// and whose second may have taken effect as soon as anybody can know of it.
    pub fn begun_with_its_record() -> Course {
        Course::restored(SagaState::Running, 2, 1, 0, None)
    }

    /// What to do now.
    pub fn next(&self) -> Next {
        match self.state {
            SagaState::Running => Step::ALL
                .get(self.done as usize)
                .map_or(Next::Rest, |step| Next::Execute(*step)),
            SagaState::Compensating => self.next_compensation(),
            SagaState::Parked | SagaState::Completed | SagaState::Compensated => Next::Rest,
        }
    }

    /// The steps that may have taken effect and are not taken back, in the order of the steps.
    pub fn not_undone(&self) -> impl DoubleEndedIterator<Item = Step> + '_ {
        let begun = Step::ALL.into_iter().take(self.begun as usize);
        begun.filter(|step| self.undone & step.bit() == 0)
    }

    /// Of these, the steps whose compensation has not failed in this attempt.
    pub fn untried(&self) -> impl DoubleEndedIterator<Item = Step> + '_ {
        self.not_undone()
            .filter(|step| self.failed & step.bit() == 0)
    }

    fn next_compensation(&self) -> Next {
        if self.not_undone().next().is_none() {
            return Next::FinishCompensation;
        }
        // A compensation that failed does not stop those before it.
        self.untried()
            .next_back()
            .map_or(Next::Rest, Next::Compensate)
    }

    /// The next step is done for certain; the one after it may take effect from now on.
    #[must_use]
    pub fn after_step(&self) -> Course {
        let done = self.done + 1;
        let all = Step::ALL.len() as i64;
        Course {
            done,
            begun: (done + 1).min(all).max(self.begun),
            state: if done == all {
                SagaState::Completed
            } else {
                self.state
            },
            ..self.clone()
        }
    }

    /// From here on everything is taken back.
    #[must_use]
    pub fn turned_back(&self, failure: Failure) -> Course {
        Course {
            state: SagaState::Compensating,
            failure: Some(failure),
            ..self.clone()
        }
    }

    /// The step is taken back for certain.
    #[must_use]
    pub fn after_compensation(&self, step: Step) -> Course {
        Course {
            undone: self.undone | step.bit(),
            ..self.clone()
        }
    }

    /// The step could not be taken back now; the rest goes on without it.
    #[must_use]
    pub fn after_failed_compensation(&self, step: Step) -> Course {
        Course {
            failed: self.failed | step.bit(),
            ..self.clone()
        }
    }

    /// In another state for another reason.
    #[must_use]
    pub fn moved_to(&self, state: SagaState, failure: Option<Failure>) -> Course {
        Course {
            state,
            failure,
            ..self.clone()
        }
    }

    /// Where it goes on when a worker takes it up again.
    #[must_use]
    pub fn resumed(&self) -> Course {
        let state = match self.state {
            SagaState::Parked => SagaState::Running,
            state => state,
        };
        Course {
            state,
            failed: 0,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Takes a course to its end; compensations fail where told. Gives the steps in order.
    fn compensations(begun: i64, failing: &[Step]) -> (Vec<Step>, Course) {
        let done = (begun - 1).max(1);
        let running = Course::restored(SagaState::Running, begun, done, 0, None);
        let mut course = running.turned_back(Failure::LockerTimeout);
        let mut order = Vec::new();
        while let Next::Compensate(step) = course.next() {
            order.push(step);
            course = if failing.contains(&step) {
                course.after_failed_compensation(step)
            } else {
                course.after_compensation(step)
            };
        }
        (order, course)
    }

    #[test]
    fn a_registration_takes_its_steps_in_order_and_is_then_complete() {
        let mut course = Course::begun_with_its_record();
        let mut order = Vec::new();
        while let Next::Execute(step) = course.next() {
            order.push(step);
            course = course.after_step();
        }
        assert_eq!(order, Step::ALL[1..]);
        assert_eq!(course.state, SagaState::Completed);
        assert_eq!(course.next(), Next::Rest);
    }

    #[test]
    fn compensations_run_in_reverse_from_the_last_step_that_may_have_taken_effect() {
        for (begun, expected) in [
            (2, &[Step::LinkLocker, Step::CreateLedgerRecord][..]),
            (
                4,
                &[
                    Step::QueueVerification,
                    Step::UpdateStatus,
                    Step::LinkLocker,
                    Step::CreateLedgerRecord,
                ],
            ),
        ] {
            let (order, course) = compensations(begun, &[]);
            assert_eq!(order, expected);
            assert_eq!(course.next(), Next::FinishCompensation);
        }
    }

    #[test]
    fn a_failed_compensation_does_not_stop_the_rest_and_is_tried_again_by_the_next_worker() {
        let (order, course) = compensations(3, &[Step::LinkLocker]);
        let reverse = [
            Step::UpdateStatus,
            Step::LinkLocker,
            Step::CreateLedgerRecord,
        ];
        assert_eq!(order, reverse);
        assert_eq!(course.next(), Next::Rest, "not before somebody resumes it");
        assert_eq!(course.resumed().next(), Next::Compensate(Step::LinkLocker));
    }

    proptest! {
        #[test]
        fn whatever_fails_every_step_is_compensated_once_and_in_reverse(
            begun in 1_i64..=4,
            failures in prop::collection::vec(any::<bool>(), 0..12),
        ) {
            let running = Course::restored(SagaState::Running, begun, begun - 1, 0, None);
            let mut course = running.turned_back(Failure::LockerTimeout);
            let mut failures = failures.into_iter();
            let mut undone = Vec::new();
            loop {
                match course.next() {
                    Next::Compensate(step) if failures.next() == Some(true) => {
                        course = course.after_failed_compensation(step);
                    }
                    Next::Compensate(step) => {
                        undone.push(step);
                        course = course.after_compensation(step);
                    }
                    Next::Rest => course = course.resumed(),
                    Next::FinishCompensation => break,
                    Next::Execute(step) => prop_assert!(false, "{step:?} while taking back"),
                }
            }
            undone.sort();
            prop_assert_eq!(&undone[..], &Step::ALL[..begun as usize]);
        }
    }
}
