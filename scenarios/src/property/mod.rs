//! Property suites: a scenario's promises as a property of `cargo test`, with the sweep's own generators.
//!
//! ```no_run
//! use scenarios::property::Suite;
//!
//! #[test]
//! fn nothing_is_lost_whatever_breaks() {
//!     Suite::of("chaos-registration")
//!         .expect("a built-in scenario")
//!         .cases(200)
//!         .regressions("regressions/chaos-registration.txt")
//!         .assert_holds();
//! }
//! ```
//!
//! [`case`](mod@case) is a run as a value that [proptest](https://docs.rs/proptest) draws and makes smaller: its
//! workload, its faults, or both. [`suite`] runs many and tells the first that fails. A case is a seed, so
//! what a suite finds a sweep finds under the same seed, and both read and write the same file of
//! regressions. For one failing run, `proveniq shrink` goes further than this: it shortens faults and calms
//! chance too.

pub mod case;
pub mod suite;

pub use self::case::{Case, Vary, cases};
pub use self::suite::{Broken, Suite};
