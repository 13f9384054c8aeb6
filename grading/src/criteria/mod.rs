//! The five criteria, of 200 points each: predicates over the submission, its outcome and re-simulations.
//!
//! [`stabilisation`] and [`integrity`] read the outcome of the actions, [`communication`] compares what was told
//! with what was so, [`cause`] replays without and with the named cause, [`prevention`] with the measures, of which
//! [`alerts`] are judged by Prometheus.

pub mod alerts;
pub mod cause;
pub mod communication;
pub mod integrity;
pub mod prevention;
pub mod stabilisation;

use crate::document::{Item, ItemStatus};

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

/// Makes items of one submission, with coordinates of its replay.
#[derive(Clone, Debug)]
pub struct Marker {
    /// The public seed, as a command takes it.
    pub seed: String,
}

/// Why points were lost, and the command that shows it.
pub type Lost = (String, String);

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

    /// The command that runs a hidden seed, of which it says no more than what the public one is known to have: `SEED` is
    /// any seed until the hidden ones are revealed.
    pub fn hidden_probe(&self, options: &str) -> String {
        let like = &self.seed;
        format!("proveniq incident probe --seed SEED --like {like}{options}")
    }

    /// An item with all points or, with a reason and a moment, fewer.
    pub fn item(&self, id: &str, points: u32, max_points: u32, explain: String, at_s: i64) -> Item {
        self.shown(id, points, max_points, (explain, self.moment(at_s)))
    }

    /// An item with all points or, with a reason and a command that shows it, fewer.
    pub fn shown(&self, id: &str, points: u32, max_points: u32, lost: Lost) -> Item {
        assert!(points <= max_points, "{id} gives at most its points");
        let full = points == max_points;
        let (explain, command) = lost;
        Item {
            id: id.to_owned(),
            points,
            max_points,
            status: match full {
                true => ItemStatus::Full,
                false => ItemStatus::Lost,
            },
            explain: match full {
                true => String::new(),
                false => explain,
            },
            replay: (!full).then_some(command),
        }
    }

    /// An item that is all or nothing: nothing with a reason and a moment.
    pub fn predicate(&self, id: &str, max_points: u32, wrong: Option<(String, i64)>) -> Item {
        let lost = wrong.map(|(explain, at_s)| (explain, self.moment(at_s)));
        self.all_or_nothing(id, max_points, lost)
    }

    /// An item that is all or nothing: nothing with a reason and a command that shows it.
    pub fn all_or_nothing(&self, id: &str, max_points: u32, lost: Option<Lost>) -> Item {
        match lost {
            None => self.shown(id, max_points, max_points, Lost::default()),
            Some(lost) => self.shown(id, 0, max_points, lost),
        }
    }
}
