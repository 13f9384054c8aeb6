//! A policy's grade: the marks of a lab or of the exam as a grade document, from which come the forms of course systems.
//!
//! A criterion becomes an item. Hidden seeds follow from the course's key and the policy's bytes, and the grade carries the hash
//! they are committed to by.

use grading::document::{Grade, GradeStatus, Item, ItemStatus, POINTS_MAX};
use grading::hidden::{CourseKey, HiddenSeeds};
use grading::submission::Malformed;
use reports::Seed;

use super::exam::{CATEGORIES, POINTS};
use super::marks::{Marks, Share};
use super::policy;
use super::trial::{Bench, Trial};
use super::{Lab, find};
use crate::file::Mistakes;

/// The file a policy is handed in as, in a folder of its own.
pub const POLICY: &str = "policy.toml";

/// The name of the exam.
pub const EXAM: &str = "EXAM";

/// What a policy is graded in: a lab, or all labs of the exam.
pub struct Assignment {
    /// Its name, such as `LAB-001` or `EXAM`.
    pub name: &'static str,
    /// Its parts, with the table of a policy that is theirs when there are several.
    parts: Vec<(&'static Lab, Option<&'static str>)>,
}

impl Assignment {
    /// The one of this name, in any case of letters.
    pub fn named(name: &str) -> Option<Assignment> {
        if name.eq_ignore_ascii_case(EXAM) {
            let categories = CATEGORIES.iter();
            return Some(Assignment {
                name: EXAM,
                parts: categories.map(|it| (it.lab, Some(it.table))).collect(),
            });
        }
        let lab = find(name)?;
        Some(Assignment {
            name: lab.name,
            parts: vec![(lab, None)],
        })
    }

    /// Puts a policy into every part, before any of them runs.
    ///
    /// # Errors
    /// Its mistakes; `origin` is the file's name.
    pub fn benches(&self, origin: &str, bytes: &[u8]) -> Result<Vec<Bench>, Mistakes> {
        let parts = self.parts.iter();
        let benches = parts
            .map(|(lab, table)| Bench::new(lab, policy::read(origin, bytes, *table, lab.knobs)?));
        benches.collect()
    }

    /// The hidden seeds of a policy, so many for each part, one part after the other.
    pub fn seeds(&self, key: &CourseKey, bytes: &[u8], count: u64) -> HiddenSeeds {
        let names: Vec<&str> = self.parts.iter().map(|(lab, _)| lab.name).collect();
        key.file_seeds(&names, bytes, count)
    }

    /// What each part came to under its hidden seeds; `after` is called after each trial.
    pub fn marks(&self, benches: &[Bench], hidden: &HiddenSeeds, after: impl Fn()) -> Vec<Marks> {
        let each = hidden.incident.len() / benches.len().max(1);
        let parts = benches.iter().zip(hidden.incident.chunks(each.max(1)));
        let marks = parts.map(|(bench, seeds)| {
            let trial = |seed: &u64| {
                let trial = bench.run(Seed(*seed));
                after();
                trial
            };
            let trials: Vec<Trial> = seeds.iter().map(trial).collect();
            Marks::of(bench.lab(), &trials)
        });
        marks.collect()
    }

    /// The document.
    pub fn grade(&self, learner: &str, marks: &[Marks], hidden: &HiddenSeeds) -> Grade {
        let mut items = Vec::new();
        for ((lab, table), marks) in self.parts.iter().zip(marks) {
            let most = table.map_or(u64::from(POINTS_MAX), |_| POINTS);
            let shares = marks.shares(most);
            items.extend(shares.map(|share| item(self, table.unwrap_or(lab.name), marks, share)));
        }
        let (points, by_points) = Grade::decide(&items, false);
        let clean = marks.iter().all(Marks::is_clean);
        let status = match (self.parts.len(), clean) {
            (1, false) => GradeStatus::Failed,
            _ => by_points,
        };
        Grade {
            hidden_commitment: hidden.commitment.clone(),
            points,
            status,
            items,
            ..Grade::blank(self.name, learner, "")
        }
    }

    /// The document of a policy that cannot be read.
    pub fn refuse(&self, learner: &str, malformed: Malformed) -> Grade {
        Grade {
            malformed: Some(malformed),
            ..Grade::blank(self.name, learner, "")
        }
    }
}

fn item(assignment: &Assignment, part: &str, marks: &Marks, share: Share) -> Item {
    let whole = |points: u64| u32::try_from(points).expect("a grade has a thousand points");
    let lapses = marks.lapses.get(share.criterion);
    let told = lapses.map(|it| {
        format!(
            "broke under {} of {} seeds: {}",
            it.count, marks.seeds, it.told
        )
    });
    let again = match assignment.parts.len() {
        1 => format!("proveniq lab run {part} --policy {POLICY} --seed SEED"),
        _ => format!("proveniq lab grade {EXAM} --policy {POLICY} --key KEY --tell-seeds"),
    };
    Item {
        id: format!("{part}.{}", share.criterion),
        points: whole(share.points),
        max_points: whole(share.most),
        status: match share.points == share.most {
            true => ItemStatus::Full,
            false => ItemStatus::Lost,
        },
        explain: told.unwrap_or_default(),
        replay: lapses.map(|_| again),
    }
}
