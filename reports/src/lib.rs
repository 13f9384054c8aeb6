//! What we tell: the only crate that renders.
//!
//! One outcome in, text out. A renderer is a function of its argument and a [`Style`]; renderers
//! share no state, write no files and know no terminal. What machines read are versioned documents
//! of our own (see [`schema`]), never another crate's types by accident.
//!
//! Where to start: [`run::RunReport`] is one judged run, and [`sweep::Sweep`] is many. In reading
//! order:
//!
//! 1. [`run`], [`run_document`] and [`metrics_document`]: one run, for people and for machines;
//! 2. [`timeline`], [`log`] and [`divergence`]: a run event by event;
//! 3. [`seed`], [`sweep`], [`sweep_document`] and [`confidence`]: many runs, a line each and one at
//!    the end;
//! 4. [`shrink`], [`explain`] and [`hunt`]: a failing run made small, why it fails, and how soon one is
//!    found;
//!    [`comparison`]: variants of a scenario side by side; [`mod@bench`]: how fast all this is;
//! 5. [`junit`] and [`github`]: a sweep as continuous integration reads it;
//! 6. [`check`] and [`check_document`]: a history that no simulation made, judged;
//! 7. [`prometheus`]: what was measured and what alerted, for Prometheus and its tools;
//! 8. [`listing`]: what there is to choose from;
//! 9. [`schema`], [`verdict`], [`style`]: what they all share.

pub mod metrics_document;
pub mod run;
pub mod run_document;

pub mod divergence;
pub mod log;
pub mod timeline;

pub mod confidence;
pub mod seed;
pub mod sweep;
pub mod sweep_document;

pub mod bench;
pub mod comparison;
pub mod explain;
pub mod hunt;
pub mod hunt_shrinking;
pub mod shrink;

pub mod github;
pub mod junit;

pub mod check;
pub mod check_document;

pub mod prometheus;

pub mod listing;

mod check_text;
mod evidence;
mod explain_text;
mod failure;
mod figures;
mod happening;
mod hunt_text;
mod run_text;
mod statistics;
mod sweep_text;
mod table;

pub mod schema;
pub mod style;
pub mod verdict;

pub use check::CheckReport;
pub use check_document::CheckDocument;
pub use listing::Listing;
pub use run::RunReport;
pub use run_document::RunDocument;
pub use schema::DocumentError;
pub use seed::{Seed, SeedLine};
pub use style::Style;
pub use sweep::Sweep;
pub use sweep_document::SweepSummary;
pub use timeline::Timeline;
pub use verdict::RunVerdict;

#[cfg(test)]
mod tests;
