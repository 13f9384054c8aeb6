//! From the grade document to the forms of course systems: pure functions from a grade to text.
//!
//! [`gradescope`], [`classroom50`], [`prairielearn`] and [`lti`] are documents of one grade; [`gradebooks`] are
//! tables of a class.

pub mod classroom50;
pub mod gradebooks;
pub mod gradescope;
pub mod lti;
pub mod prairielearn;

use crate::document::{Grade, GradeStatus, Item};

/// One sentence on a grade.
pub fn sentence(grade: &Grade) -> String {
    let status = match grade.status {
        GradeStatus::Passed => "passed",
        GradeStatus::Failed if grade.data_lost => "failed, because data was lost",
        GradeStatus::Failed => "failed",
        GradeStatus::Incomplete => "not decided: an item could not be judged here",
        GradeStatus::NotGraded => "not graded",
    };
    match &grade.malformed {
        Some(malformed) => format!("{status}: {malformed}"),
        None => format!("{status}: {} of {} points", grade.points, grade.max_points),
    }
}

/// What is said of an item, and the command that shows it; before publication of one that tells of hidden seeds
/// only of what kind the loss is.
fn with_replay(item: &Item, published: bool) -> String {
    match &item.replay {
        _ if !item.may_be_read(published) => item.category.clone(),
        Some(replay) => format!("{}\nlook: {replay}", item.explain),
        None => item.explain.clone(),
    }
}

fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).expect("a value is JSON") + "\n"
}
