//! Checks: each accepts what keeps its promise, rejects what breaks it, and is caught doing neither.

/// Every planted bug is caught by its check, and nothing else is on the same seeds.
mod defects;

/// Every check against hand-made histories: accepted, rejected, unsure.
mod histories;
