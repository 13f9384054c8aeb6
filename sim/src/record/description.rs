//! Descriptions of metrics: what a figure means, and the boundaries its spans are counted at.
//!
//! The names that nodes measure under say little to who did not write them, and a monitoring system
//! wants fixed boundaries. Both are data of the system in the world, registered with
//! [`Metrics::describe`](super::metrics::Metrics::describe); nothing here changes what is measured.

use std::time::Duration;

/// What is known of all metrics of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description {
    /// The name nodes measure under, such as `core.orchestration.latency`.
    pub name: &'static str,
    /// What it tells, in a sentence.
    pub help: &'static str,
    /// For spans: the upper boundaries at which they are counted, ascending. Empty for the rest.
    pub bounds: &'static [Duration],
}
