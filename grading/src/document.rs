//! The grade document: what all other forms are made of. Integers only, and nothing that differs between two gradings.

use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;
use crate::submission::Malformed;

/// Points of all criteria.
pub const POINTS_MAX: u32 = 1_000;

/// Points from which on a grade is passed.
pub const PASS: u32 = 950;

/// A hash of the sources a grade follows from: one with another hash was made by other rules.
pub const RULES: &str = env!("GRADING_RULES");

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// All points.
    Full,
    /// Not all.
    Lost,
    /// A means to judge it is missing here.
    NotGraded,
}

/// When a learner may read why an item lost points. Points themselves may always be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// At once: it follows from the public seed and from what was handed in.
    Visible,
    /// Once grades are published, for it tells of hidden seeds; before that only of what [`Item::category`] it is.
    AfterPublished,
}

/// A part of a criterion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its name, such as `communication.figures`.
    pub id: String,
    /// Points given.
    pub points: u32,
    /// Points there are.
    pub max_points: u32,
    /// What became of it.
    pub status: ItemStatus,
    /// When a learner may read what follows.
    pub visibility: Visibility,
    /// Of what kind the loss is: what may be read of it before publication. Blank when no point was lost.
    pub category: String,
    /// Why points were lost, and which.
    pub explain: String,
    /// Where it can be seen, whether points were lost or not. Never blank.
    pub evidence: Vec<Evidence>,
    /// Where to look: a command, when points were lost.
    pub replay: Option<String>,
}

impl Item {
    /// The criterion: the part of the name before the dot.
    pub fn criterion(&self) -> &str {
        self.id.split('.').next().unwrap_or(&self.id)
    }

    /// Whether a learner may read why points were lost.
    pub fn may_be_read(&self, published: bool) -> bool {
        published || self.visibility == Visibility::Visible
    }
}

/// What became of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GradeStatus {
    /// At least 950 of 1,000 points, nothing lost.
    Passed,
    /// Fewer, or data lost.
    Failed,
    /// An item could not be judged here and would decide it.
    Incomplete,
    /// The submission cannot be read.
    NotGraded,
}

/// The document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grade {
    /// `proveniq/grade/v1`.
    pub schema: String,
    /// `LOAD-2024-001`, or the name of a lab.
    pub assignment: String,
    /// Whose.
    pub learner: String,
    /// The version of this program.
    pub tool: String,
    /// A hash of the rules it judges by: [`RULES`].
    pub rules: String,
    /// A hash of what was simulated: the incident of the public seed up to hand-over, or the scenarios of the lab.
    pub scenario: String,
    /// The hash of the course's key that was published before:
    /// [`CourseKey::commitment`](crate::hidden::CourseKey::commitment).
    pub course: String,
    /// A hash of what was handed in; blank when it cannot be read.
    pub submission: String,
    /// The public seed; blank for a lab, which has none.
    pub seed: String,
    /// What the hidden seeds are committed to by.
    pub hidden_commitment: String,
    /// What became of it.
    pub status: GradeStatus,
    /// Points given.
    pub points: u32,
    /// Points there are.
    pub max_points: u32,
    /// Whether data was lost, which fails a grade whatever its points.
    pub data_lost: bool,
    /// The items.
    pub items: Vec<Item>,
    /// Why it is not graded.
    pub malformed: Option<Malformed>,
    /// What a person has to read.
    pub needs_human: Vec<String>,
}

impl Grade {
    /// One in which nothing is judged yet.
    pub fn blank(assignment: &str, learner: &str, seed: &str) -> Grade {
        Grade {
            schema: "proveniq/grade/v1".to_owned(),
            assignment: assignment.to_owned(),
            learner: learner.to_owned(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            rules: RULES.to_owned(),
            scenario: String::new(),
            course: String::new(),
            submission: String::new(),
            seed: seed.to_owned(),
            hidden_commitment: String::new(),
            status: GradeStatus::NotGraded,
            points: 0,
            max_points: POINTS_MAX,
            data_lost: false,
            items: Vec::new(),
            malformed: None,
            needs_human: Vec::new(),
        }
    }

    /// The names of its criteria, in the order of their items.
    pub fn criteria(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.items.iter().map(Item::criterion).collect();
        names.dedup();
        names
    }

    /// The document as JSON, with a line end.
    ///
    /// # Panics
    /// Never: a grade has text keys only.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a grade is JSON") + "\n"
    }

    /// Points given and there are, of one criterion.
    pub fn criterion(&self, name: &str) -> (u32, u32) {
        let items = self.items.iter().filter(|item| item.criterion() == name);
        items.fold((0, 0), |(points, most), item| {
            (points + item.points, most + item.max_points)
        })
    }

    /// The points, once they are final: of a submission that was read, none of whose items is open that decides it.
    pub fn score(&self) -> Option<u32> {
        match self.status {
            GradeStatus::Passed | GradeStatus::Failed => Some(self.points),
            GradeStatus::Incomplete | GradeStatus::NotGraded => None,
        }
    }

    /// The status that follows from points: compared in integers, never rounded up.
    pub fn decide(items: &[Item], data_lost: bool) -> (u32, GradeStatus) {
        let points = items.iter().map(|item| item.points).sum();
        let open: u32 = items
            .iter()
            .filter(|item| item.status == ItemStatus::NotGraded)
            .map(|item| item.max_points)
            .sum();
        let status = match () {
            () if data_lost => GradeStatus::Failed,
            () if points >= PASS => GradeStatus::Passed,
            () if points + open >= PASS => GradeStatus::Incomplete,
            () => GradeStatus::Failed,
        };
        (points, status)
    }
}
