//! A policy's grade: the marks of a lab or of the exam as a grade document, from which come the forms of course
//! systems.
//!
//! A criterion becomes an item. Hidden seeds follow from the course's key and the policy's bytes, and the grade
//! carries the hash they are committed to by.

use grading::criteria::{Judged, Lost};
use grading::document::{Grade, GradeStatus, Item, POINTS_MAX};
use grading::evidence::{Evidence, Seeds};
use grading::hidden::{CourseKey, HiddenSeeds, hash_of};
use reports::Seed;

use super::exam::{CATEGORIES, POINTS};
use super::marks::{Marks, Share};
use super::policy;
use super::trial::{Bench, Trial};
use super::{Lab, find};
use crate::file::wording::did_you_mean;
use crate::file::{Mistakes, mistake_in};

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
        if self.parts.len() > 1 {
            known_tables(origin, bytes)?;
        }
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

    /// A hash of what is simulated.
    pub fn scenario(&self) -> String {
        let scenarios = self.parts.iter().map(|(lab, _)| lab.scenario.as_bytes());
        let mut parts = vec![self.name.as_bytes()];
        parts.extend(scenarios);
        hash_of(&parts)
    }

    /// A hash of what was handed in.
    pub fn submission(bytes: &[u8]) -> String {
        hash_of(&[bytes])
    }

    /// What a grade is of, with nothing judged yet; `handed_in` is not there when it cannot be read.
    pub fn blank(
        &self,
        learner: &str,
        key: &CourseKey,
        handed_in: Option<(&[u8], &HiddenSeeds)>,
    ) -> Grade {
        Grade {
            scenario: self.scenario(),
            course: key.commitment(),
            submission: handed_in.map_or(String::new(), |(bytes, _)| Self::submission(bytes)),
            hidden_commitment: handed_in.map_or(String::new(), |(_, it)| it.commitment.clone()),
            ..Grade::blank(self.name, learner, "")
        }
    }

    /// The document, from one in which nothing is judged.
    pub fn grade(&self, blank: Grade, marks: &[Marks]) -> Grade {
        let mut items = Vec::new();
        for ((lab, table), marks) in self.parts.iter().zip(marks) {
            let most = table.map_or(u64::from(POINTS_MAX), |_| POINTS);
            let shares = marks.shares(most);
            items.extend(
                shares.map(|share| item(self, lab, table.unwrap_or(lab.name), marks, share)),
            );
        }
        let (points, by_points) = Grade::decide(&items, false);
        let clean = marks.iter().all(Marks::is_clean);
        let status = match (self.parts.len(), clean) {
            (1, false) => GradeStatus::Failed,
            _ => by_points,
        };
        Grade {
            points,
            status,
            items,
            ..blank
        }
    }
}

/// A policy of the exam has tables of its categories and no others.
fn known_tables(origin: &str, bytes: &[u8]) -> Result<(), Mistakes> {
    let known = |table: &&String| !CATEGORIES.iter().any(|category| category.table == **table);
    match policy::tables(origin, bytes)?.iter().find(known) {
        None => Ok(()),
        Some(table) => {
            let names = CATEGORIES.iter().map(|category| category.table);
            let hint = did_you_mean(table, names, "the categories are");
            let told = format!("the exam has no category `{table}`");
            Err(mistake_in(origin, told, Some(hint)))
        }
    }
}

fn item(assignment: &Assignment, lab: &Lab, part: &str, marks: &Marks, share: Share) -> Item {
    let whole = |points: u64| u32::try_from(points).expect("a grade has a thousand points");
    let criterion = lab.criteria.iter().find(|it| it.name == share.criterion);
    let promise = criterion.map_or("", |criterion| criterion.promise);
    let lost = marks.lapses.get(share.criterion).map(|it| {
        let again = match assignment.parts.len() {
            1 => format!("proveniq lab run {part} --policy {POLICY} --seed SEED"),
            _ => format!("proveniq lab grade {EXAM} --policy {POLICY} --key KEY --tell-seeds"),
        };
        let broke = format!("broke under {} of {} seeds", it.count, marks.seeds);
        let category = format!("{broke}; wanted: {promise}");
        Lost::by(format!("{broke}: {}", it.told), again).in_brief(&category)
    });
    let evidence = vec![
        Evidence::submitted(POLICY, "all"),
        Evidence::Runs {
            seeds: Seeds::Hidden,
            what: format!("{} {}", lab.name, share.criterion),
            good: marks.seeds - marks.lapsed(share.criterion),
            of: marks.seeds,
        },
    ];
    let id = format!("{part}.{}", share.criterion);
    Judged::of(&id, whole(share.most), evidence)
        .hidden()
        .worth(whole(share.points), lost.unwrap_or_default())
}
