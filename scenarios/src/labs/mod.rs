//! Labs: a lab grades a policy, which is the configuration a learner gives the real system.
//!
//! A lab is a scenario of the system, the few of its keys that a policy may set ([`policy`]), what clients do in
//! it, and criteria over the record, most of them the system's own checks. [`trial`] runs a policy under one
//! seed, [`marks`] counts what it earned under many. [`flywheel`], [`dead_letters`], [`conflict`] and [`fan_out`]
//! are the labs; [`exam`] is made of them, and [`graded`] makes grades of marks. Nothing here prints; what is told is
//! [`telling`].

pub mod graded;
pub mod marks;
pub mod policy;
pub mod telling;
pub mod trial;

pub mod conflict;
pub mod dead_letters;
pub mod exam;
pub mod fan_out;
pub mod flywheel;

use model::client::script::Planned;
use model::defects::Defect;
use sim::random::Randomness;

use self::policy::{Knob, Policy};
use self::trial::Seen;
use crate::scenario::Scenario;

/// A lab.
pub struct Lab {
    /// What it is called, such as `LAB-001`.
    pub name: &'static str,
    /// What happens, in a sentence.
    pub title: &'static str,
    /// What it teaches.
    pub teaches: &'static str,
    /// The text of its scenario file, in which a policy sets values.
    pub scenario: &'static str,
    /// The name of that file.
    pub file: &'static str,
    /// What a policy may set.
    pub knobs: &'static [Knob],
    /// Further values of the scenario that follow from a policy, as overrides.
    pub follows: fn(&Policy) -> Vec<String>,
    /// Bugs of the system that a policy amounts to: what it leaves out.
    pub defects: fn(&Policy) -> Vec<Defect>,
    /// What clients do; what the scenario draws when nothing is given.
    pub script: fn(&Scenario, &Policy, &Randomness) -> Option<Vec<Planned>>,
    /// What must hold.
    pub criteria: &'static [Criterion],
}

/// Something that must hold under every seed.
pub struct Criterion {
    /// Its name.
    pub name: &'static str,
    /// What is asked for.
    pub promise: &'static str,
    /// Where to look when it does not hold.
    pub look: &'static str,
    /// What is wrong.
    pub judge: fn(&Seen<'_>) -> Result<(), String>,
}

/// Every lab, in the order of the course.
pub const LABS: &[&Lab] = &[
    &flywheel::LAB,
    &dead_letters::LAB,
    &conflict::LAB,
    &fan_out::LAB,
];

/// The lab of this name, in any case of letters.
pub fn find(name: &str) -> Option<&'static Lab> {
    let found = LABS.iter().find(|lab| lab.name.eq_ignore_ascii_case(name));
    found.copied()
}

/// Nothing follows.
fn nothing_follows(_: &Policy) -> Vec<String> {
    Vec::new()
}

/// A policy leaves nothing out.
fn no_defects(_: &Policy) -> Vec<Defect> {
    Vec::new()
}
