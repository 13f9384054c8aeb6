//! Checks: each accepts what keeps its promise, rejects what breaks it, and is caught doing neither.

mod defects;
mod histories;
