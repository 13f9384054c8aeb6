//! Grading: a submission in, a document of integer points out, and from that the forms of course systems.
//!
//! The simulator knows the truth, so a grade is a set of predicates over the submission, its re-simulation and
//! counterfactual ones. No prose is judged. The same submission, seed and key give the same bytes. Nothing here touches
//! the machine: whoever calls reads files, and lends `promtool` ([`detection::RuleTool`]).
//!
//! Start at [`grader::Grader::grade`]. [`submission`] reads what learners hand in, within bounds; [`criteria`]
//! are the five predicates; [`hidden`] the seeds nobody can guess and [`reveal`] what they were; [`document`] the
//! grade, [`evidence`] what it refers to; [`converters`] and [`pages`] what is made of it; [`class`] a whole
//! class.

pub mod submission;

pub mod criteria;
pub mod detection;
pub mod grader;
pub mod hidden;

pub mod document;
pub mod evidence;
pub mod reveal;

pub mod class;
pub mod converters;
pub mod pages;
