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
use crate::document::{Grade, Item};
use crate::hidden::{CourseKey, hash_of};
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

/// A hash of what a seed hides. What follows from it follows by the rules, which have a hash of their own.
pub fn scenario(seed: u64) -> String {
    let case = format!("{:?}", Case::of_seed(seed));
    hash_of(&[ASSIGNMENT.as_bytes(), case.as_bytes()])
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

    /// What a grade is of, with nothing judged yet; `files` are not there when they cannot be read.
    pub fn blank(&self, learner: &str, seed: u64, files: Option<&Files>) -> Grade {
        let seeds = files.map(|files| self.key.seeds(ASSIGNMENT, files));
        Grade {
            scenario: scenario(seed),
            course: self.key.commitment(),
            submission: files.map_or(String::new(), Files::hash),
            hidden_commitment: seeds.map_or(String::new(), |seeds| seeds.commitment),
            ..Grade::blank(ASSIGNMENT, learner, &format!("{seed:#x}"))
        }
    }

    /// Grades a submission for a public seed.
    ///
    /// # Errors
    /// When the seed has no incident: the course's mistake, not the learner's.
    pub fn grade(&self, learner: &str, seed: u64, files: &Files) -> Result<Grade, NoIncident> {
        let yardstick = self.yardstick(seed)?;
        let blank = self.blank(learner, seed, Some(files));
        Ok(match Submission::read(files) {
            Ok(submission) => self.judge(blank, seed, files, &submission, &yardstick),
            Err(malformed) => Grade {
                malformed: Some(malformed),
                ..blank
            },
        })
    }

    /// The grade of a submission that cannot be read: not graded, which is not zero.
    pub fn refuse(&self, learner: &str, seed: u64, malformed: Malformed) -> Grade {
        Grade {
            malformed: Some(malformed),
            ..self.blank(learner, seed, None)
        }
    }

    fn judge(
        &self,
        blank: Grade,
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
            status,
            points,
            data_lost,
            items,
            needs_human: for_a_person(submission),
            ..blank
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
