//! The five criteria, of 200 points each: predicates over the submission, its outcome and re-simulations.
//!
//! [`stabilisation`] and [`integrity`] read the outcome of the actions, [`communication`] compares what was told
//! with what was so, [`cause`] replays without and with the named cause and [`chain`] looks at its evidence,
//! [`prevention`] replays with the measures, of which [`alerts`] are judged by Prometheus.

pub mod alerts;
pub mod cause;
pub mod chain;
pub mod communication;
pub mod integrity;
pub mod prevention;
pub mod stabilisation;

use crate::document::{Item, ItemStatus, Visibility};
use crate::evidence::Evidence;

/// Points of one criterion.
pub const CRITERION: u32 = 200;

/// The names of the criteria, in their order.
pub const CRITERIA: [&str; 5] = [
    "stabilisation",
    "integrity",
    "communication",
    "cause",
    "prevention",
];

/// Names the commands that show what a submission came to: coordinates of its replay.
#[derive(Clone, Debug)]
pub struct Marker {
    /// The public seed, as a command takes it.
    pub seed: String,
}

impl Marker {
    /// The command that shows a moment of the submission's own episode.
    pub fn moment(&self, at_s: i64) -> String {
        let seed = &self.seed;
        format!("proveniq incident replay SUBMISSION --seed {seed} --until {at_s}")
    }

    /// The command that runs the public seed from before its trouble, with causes taken out or left alone.
    pub fn probe(&self, options: &str) -> String {
        format!("proveniq incident probe --seed {}{options}", self.seed)
    }

    /// The command that runs a hidden seed, of which it says no more than what the public one is known to have:
    /// `SEED` is any seed until the hidden ones are revealed.
    pub fn hidden_probe(&self, options: &str) -> String {
        let like = &self.seed;
        format!("proveniq incident probe --seed SEED --like {like}{options}")
    }

    /// Something wrong at a moment of the submission's own episode.
    pub fn lost_at(&self, told: impl Into<String>, at_s: i64) -> Lost {
        Lost::by(told, self.moment(at_s)).seen(Evidence::Moment { at_s })
    }
}

/// Why points were lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// What is wrong.
    pub told: String,
    /// What of it may be read before publication; all of it when blank.
    pub category: String,
    /// The command that shows it.
    pub command: String,
    /// Where it can be seen.
    pub evidence: Vec<Evidence>,
}

impl Lost {
    /// With the command that shows it, and nothing to refer to but what was judged.
    pub fn by(told: impl Into<String>, command: impl Into<String>) -> Lost {
        Lost {
            told: told.into(),
            command: command.into(),
            ..Lost::default()
        }
    }

    /// The same with something to refer to.
    #[must_use]
    pub fn seen(mut self, evidence: Evidence) -> Lost {
        self.evidence.push(evidence);
        self
    }

    /// The same, of which before publication only this may be read.
    #[must_use]
    pub fn in_brief(self, category: &str) -> Lost {
        Lost {
            category: category.to_owned(),
            ..self
        }
    }
}

/// What is judged as one item: its name, its points, and what it is judged by.
#[derive(Clone, Debug)]
pub struct Judged {
    id: String,
    max_points: u32,
    visibility: Visibility,
    evidence: Vec<Evidence>,
}

impl Judged {
    /// An item of which a learner may read everything, judged by this.
    pub fn of(id: &str, max_points: u32, evidence: Vec<Evidence>) -> Judged {
        Judged {
            id: id.to_owned(),
            max_points,
            visibility: Visibility::Visible,
            evidence,
        }
    }

    /// The same, judged by hidden seeds.
    #[must_use]
    pub fn hidden(self) -> Judged {
        Judged {
            visibility: Visibility::AfterPublished,
            ..self
        }
    }

    /// With so many points, fewer of them with a reason.
    pub fn worth(self, points: u32, lost: Lost) -> Item {
        assert!(
            points <= self.max_points,
            "{} gives at most its points",
            self.id
        );
        let full = points == self.max_points;
        let mut evidence = self.evidence;
        let (category, explain) = match (full, lost.category.is_empty()) {
            (true, _) => (String::new(), String::new()),
            (false, true) => (lost.told.clone(), lost.told),
            (false, false) => (lost.category, lost.told),
        };
        let of_loss = lost.evidence.into_iter().filter(|_| !full);
        evidence.extend(of_loss);
        Item {
            id: self.id,
            points,
            max_points: self.max_points,
            status: match full {
                true => ItemStatus::Full,
                false => ItemStatus::Lost,
            },
            visibility: self.visibility,
            category,
            explain,
            evidence,
            replay: (!full).then_some(lost.command),
        }
    }

    /// All points, or none with a reason.
    pub fn all_or_nothing(self, lost: Option<Lost>) -> Item {
        match lost {
            None => {
                let points = self.max_points;
                self.worth(points, Lost::default())
            }
            Some(lost) => self.worth(0, lost),
        }
    }

    /// So many of so many parts of the points, rounded down.
    pub fn share(self, good: u64, of: u64, lost: Lost) -> Item {
        let points = u64::from(self.max_points) * good / of.max(1);
        self.worth(
            u32::try_from(points).expect("a share is no more than the whole"),
            lost,
        )
    }
}
