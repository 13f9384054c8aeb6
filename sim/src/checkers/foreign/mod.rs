//! Histories that other tools recorded, in the format Jepsen made common: EDN, or the same maps as JSON.
//!
//! Text becomes forms ([`form`], [`reader`]), forms become events ([`event`]), events become a typed history of the
//! chosen model ([`objects`], [`transactions`]), and [`judge()`] runs the checker that fits. Each stage has one kind of
//! mistake to report, always with line and column.
//!
//! Not read: operations of processes that are no numbers (the nemesis), which are no client operations and are skipped.

pub mod error;
pub mod event;
pub mod form;
pub mod judge;
pub mod objects;
pub mod reader;
pub mod transactions;
pub mod value;

#[cfg(test)]
mod tests;

pub use error::ForeignError;
pub use judge::{ForeignModel, Judgement, Question, judge};
pub use reader::Notation;
pub use value::Value;
