//! The five criteria, of 200 points each: predicates over the submission, its outcome and re-simulations.
//!
//! [`stabilisation`] and [`integrity`] read the outcome of the actions, [`communication`] compares what was told
//! with what was so, [`cause`] replays without and with the named cause, [`prevention`] with the measures.

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

impl Marker {
    /// An item with all points or, with a reason and a moment, fewer.
    pub fn item(&self, id: &str, points: u32, max_points: u32, explain: String, at_s: i64) -> Item {
        assert!(points <= max_points, "{id} gives at most its points");
        let full = points == max_points;
        let command = format!(
            "proveniq incident replay SUBMISSION --seed {} --until {at_s}",
            self.seed
        );
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
        match wrong {
            None => self.item(id, max_points, max_points, String::new(), 0),
            Some((explain, at_s)) => self.item(id, 0, max_points, explain, at_s),
        }
    }
}
