//! After publication: the course's key and all hidden seeds, and the proof that they are those that were committed to.
//!
//! Before the course, [`CourseKey::commitment`] is published; a grade carries the commitment to its own seeds. Who has
//! the reveal, the published hash and a submission can derive the seeds anew and trusts nobody.

use serde::{Deserialize, Serialize};

use crate::document::Grade;
use crate::hidden::{CourseKey, HiddenSeeds};

/// The document `proveniq/reveal/v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reveal {
    /// `proveniq/reveal/v1`.
    pub schema: String,
    /// What was published before.
    pub commitment: String,
    /// The key, in hexadecimal digits. It is of no use any more.
    pub key: String,
    /// The seeds of each submission.
    pub submissions: Vec<Revealed>,
}

/// The seeds of one submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revealed {
    /// Whose.
    pub learner: String,
    /// What its grade was committed to by.
    pub commitment: String,
    /// The seeds with the incident, or those of a lab.
    pub incident: Vec<String>,
    /// The healthy ones.
    pub healthy: Vec<String>,
}

/// What does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The key is no key.
    #[error("the key in the reveal is not written in hexadecimal digits")]
    NoKey,
    /// Another key was committed to.
    #[error("the revealed key is not the one whose hash was published")]
    Key,
    /// The grade was made with other seeds.
    #[error(
        "the seeds that follow from key and submission are not those the grade is committed to"
    )]
    Seeds,
    /// The grade is of another course.
    #[error("the grade is not of the course whose key was revealed")]
    Course,
    /// The grade is of something else.
    #[error("the grade is of another submission")]
    Submission,
    /// The grade was made in another scenario.
    #[error("the grade was made in another scenario than this program's")]
    Scenario,
    /// The reveal tells other seeds.
    #[error("the reveal tells other seeds for this submission than follow from its key")]
    Told,
}

fn told(learner: &str, seeds: &HiddenSeeds) -> Revealed {
    let hex = |seeds: &[u64]| seeds.iter().map(|seed| format!("{seed:#x}")).collect();
    Revealed {
        learner: learner.to_owned(),
        commitment: seeds.commitment.clone(),
        incident: hex(&seeds.incident),
        healthy: hex(&seeds.healthy),
    }
}

impl Reveal {
    /// That of a class: who, and the seeds of what they handed in.
    pub fn of(key: &CourseKey, class: &[(String, HiddenSeeds)]) -> Reveal {
        let submissions = class.iter().map(|(learner, seeds)| told(learner, seeds));
        Reveal {
            schema: "proveniq/reveal/v1".to_owned(),
            commitment: key.commitment(),
            key: key.to_hex(),
            submissions: submissions.collect(),
        }
    }

    /// Whether everything fits: the key to what was published, the seeds to key and submission, the grade to the
    /// seeds, to the course, and to what was handed in and simulated. `seeds_of` derives the submission's seeds
    /// from the revealed key; `submission` and `scenario` are the hashes a grade of it has.
    ///
    /// # Errors
    /// The first [`Mismatch`].
    pub fn verify(
        &self,
        published: &str,
        seeds_of: impl FnOnce(&CourseKey) -> HiddenSeeds,
        (submission, scenario): (&str, &str),
        grade: &Grade,
    ) -> Result<(), Mismatch> {
        let key = CourseKey::from_hex(&self.key).ok_or(Mismatch::NoKey)?;
        if key.commitment() != published {
            return Err(Mismatch::Key);
        }
        let seeds = seeds_of(&key);
        if seeds.commitment != grade.hidden_commitment {
            return Err(Mismatch::Seeds);
        }
        for (found, expected, mismatch) in [
            (grade.course.as_str(), published, Mismatch::Course),
            (&grade.submission, submission, Mismatch::Submission),
            (&grade.scenario, scenario, Mismatch::Scenario),
        ] {
            if found != expected {
                return Err(mismatch);
            }
        }
        let expected = told(&grade.learner, &seeds);
        match self.submissions.contains(&expected) {
            true => Ok(()),
            false => Err(Mismatch::Told),
        }
    }
}
