//! The exam: four categories, a quarter each, built from the labs; passed with 95 of 100, in whole points.
//!
//! A policy of the exam is one file with a table for each category, which is the policy of its lab. A category
//! without a table is run with the lab's defaults, which earn what they earn.

use super::marks::Marks;
use super::{Lab, conflict, dead_letters, fan_out, flywheel};

/// A quarter of the exam.
pub struct Category {
    /// The name of its table in a policy.
    pub table: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// The lab that tests it.
    pub lab: &'static Lab,
}

/// The categories.
pub const CATEGORIES: &[Category] = &[
    Category {
        table: "events",
        title: "event architecture",
        lab: &fan_out::LAB,
    },
    Category {
        table: "queue",
        title: "queue management",
        lab: &flywheel::LAB,
    },
    Category {
        table: "webhooks",
        title: "webhook systems",
        lab: &dead_letters::LAB,
    },
    Category {
        table: "consistency",
        title: "consistency",
        lab: &conflict::LAB,
    },
];

/// The most points of a category.
pub const POINTS: u64 = 250;

/// How many of 100 parts are needed.
const PASS_PERCENT: u64 = 95;

/// What an exam came to: the points of each category, and whether that is enough.
pub fn decide(marks: &[Marks]) -> (Vec<u64>, bool) {
    let points: Vec<u64> = marks.iter().map(|marks| marks.share_of(POINTS)).collect();
    let most = POINTS * CATEGORIES.len() as u64;
    let passed = points.iter().sum::<u64>() * 100 >= most * PASS_PERCENT;
    (points, passed)
}
