//! Transactional isolation: which anomalies does a history of transactions show, and which levels do they rule out?
//!
//! The method is that of Kingsbury and Alvaro ("Elle: Inferring Isolation Anomalies from Experimental Observations",
//! 2020) over the phenomena of Adya ("Weak Consistency", 1999): find out who must come before whom from what
//! transactions read, and look for cycles. Two workloads are understood: [`list_append`], whose reads show the whole
//! order of writes, and [`rw_register`], whose reads show one value and so prove less.
//!
//! Not checked: predicates (so phantoms in Adya's sense go unseen, and repeatable read and serializable differ in name
//! only), and any value written twice to one key, which makes the history ambiguous and the verdict unknown.
//!
//! Reading order: `isolation` (words), `transaction` (input), `graph` and `cycles` (machinery), then a workload.

pub mod isolation;
pub mod report;
pub mod transaction;

pub mod list_append;
pub mod rw_register;

mod components;
mod cycles;
mod explanation;
mod graph;
mod realtime;

#[cfg(test)]
mod specimen;
#[cfg(test)]
mod tests;

pub use isolation::{Anomaly, Isolation};
pub use report::{Limits, Report};
