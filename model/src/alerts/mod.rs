//! Alerts: what operations are woken by, evaluated inside the run as Prometheus would.
//!
//! Every 15 s of simulated time the node [`node`] scrapes the run's counters and gauges and puts
//! each rule of the [`catalogue`] to them. [`condition`] says whether a rule's condition holds at a
//! scrape, [`rule`] takes an alert from one state to the next, and [`transition`] is the note a
//! change leaves in the record. What an alert makes people do is not here.
//!
//! Start with [`rule::Watch`].

pub mod catalogue;
pub mod condition;
pub mod node;
pub mod rule;
pub mod transition;
