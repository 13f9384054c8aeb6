//! One submission, graded.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use model::incident::case::Case;
use model::incident::episode::{HandOver, NoIncident, Outcome};
use model::incident::policies;

use crate::criteria::prevention::HiddenRuns;
use crate::criteria::{Marker, cause, communication, integrity, prevention, stabilisation};
use crate::detection::RuleTool;
use crate::document::{Grade, GradeStatus, Item};
use crate::hidden::CourseKey;
use crate::submission::postmortem::MeasureKind;
use crate::submission::{Files, Malformed, Submission};

/// The name of the assignment.
pub const ASSIGNMENT: &str = "LOAD-2024-001";

/// The seed of an assignment with what marks are measured against.
pub struct Yardstick {
    /// The hand-over.
    pub hand_over: HandOver,
    /// What an expert does.
    pub expert: Outcome,
    /// What comes of doing nothing.
    pub nothing: Outcome,
}

impl Yardstick {
    /// That of a seed.
    ///
    /// # Errors
    /// When the seed has no incident.
    ///
    /// # Panics
    /// Never: the expert's actions are within bounds.
    pub fn of(seed: u64) -> Result<Yardstick, NoIncident> {
        let case = Case::of_seed(seed);
        let hand_over = HandOver::of(&case)?;
        let play = |actions: &[_]| hand_over.play(actions).expect("policies are within bounds");
        Ok(Yardstick {
            expert: play(&policies::expert(&case)),
            nothing: play(&[]),
            hand_over,
        })
    }
}

/// Grades submissions of one assignment.
pub struct Grader<'a> {
    key: CourseKey,
    tool: &'a dyn RuleTool,
    yardsticks: RefCell<BTreeMap<u64, Rc<Yardstick>>>,
}

impl<'a> Grader<'a> {
    /// A grader with a course's key and promtool, or what stands for it.
    pub fn new(key: CourseKey, tool: &'a dyn RuleTool) -> Grader<'a> {
        Grader {
            key,
            tool,
            yardsticks: RefCell::new(BTreeMap::new()),
        }
    }

    fn yardstick(&self, seed: u64) -> Result<Rc<Yardstick>, NoIncident> {
        if let Some(known) = self.yardsticks.borrow().get(&seed) {
            return Ok(Rc::clone(known));
        }
        let made = Rc::new(Yardstick::of(seed)?);
        self.yardsticks.borrow_mut().insert(seed, Rc::clone(&made));
        Ok(made)
    }

    /// Grades a submission for a public seed.
    ///
    /// # Errors
    /// When the seed has no incident: the course's mistake, not the learner's.
    pub fn grade(&self, learner: &str, seed: u64, files: &Files) -> Result<Grade, NoIncident> {
        let yardstick = self.yardstick(seed)?;
        Ok(match Submission::read(files) {
            Ok(submission) => self.judge(learner, seed, files, &submission, &yardstick),
            Err(malformed) => self.refuse(learner, seed, malformed),
        })
    }

    /// The grade of a submission that cannot be read: not graded, which is not zero.
    pub fn refuse(&self, learner: &str, seed: u64, malformed: Malformed) -> Grade {
        Grade {
            status: GradeStatus::NotGraded,
            malformed: Some(malformed),
            ..Grade::blank(ASSIGNMENT, learner, &format!("{seed:#x}"))
        }
    }

    fn judge(
        &self,
        learner: &str,
        seed: u64,
        files: &Files,
        submission: &Submission,
        yardstick: &Yardstick,
    ) -> Grade {
        let hand_over = &yardstick.hand_over;
        let played = hand_over.play(&submission.actions);
        let outcome = played.expect("actions are checked when read");
        let hidden = self.key.seeds(ASSIGNMENT, files);
        let items = self.items(seed, submission, yardstick, &outcome, &hidden);
        let data_lost = outcome.balance.loses();
        let (points, status) = Grade::decide(&items, data_lost);
        Grade {
            hidden_commitment: hidden.commitment,
            status,
            points,
            data_lost,
            items,
            needs_human: for_a_person(submission),
            ..Grade::blank(ASSIGNMENT, learner, &format!("{seed:#x}"))
        }
    }

    fn items(
        &self,
        seed: u64,
        submission: &Submission,
        yardstick: &Yardstick,
        outcome: &Outcome,
        hidden: &crate::hidden::HiddenSeeds,
    ) -> Vec<Item> {
        let case = &yardstick.hand_over.case;
        let marker = Marker {
            seed: format!("{seed:#x}"),
        };
        let primary = case.primary().expect("a case of a seed has a cause");
        let runs = HiddenRuns::of(hidden, primary.kind);
        let post = &submission.postmortem;
        let mut items =
            stabilisation::judge(&marker, outcome, &yardstick.expert, &yardstick.nothing);
        items.extend(integrity::judge(&marker, outcome));
        items.extend(communication::judge(&marker, submission, outcome));
        items.extend(cause::judge(&marker, post, case, outcome));
        items.extend(prevention::judge(&marker, post, &runs, self.tool));
        items
    }
}

/// What no predicate judges.
fn for_a_person(submission: &Submission) -> Vec<String> {
    let updates = submission.updates.iter();
    let texts = updates.filter(|update| !update.text.is_empty()).count();
    let mut lists = match texts {
        0 => Vec::new(),
        count => vec![format!("prose of {count} updates")],
    };
    let measures = submission.postmortem.measures.iter().enumerate();
    let of_people = measures.filter(|(_, measure)| measure.kind == MeasureKind::Process);
    lists.extend(of_people.map(|(place, _)| format!("measures[{place}]: what people are to do")));
    lists
}
