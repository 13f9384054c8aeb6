//! To who grades and who is graded: points follow from what was done, each with its reason.

/// A class that is interrupted, and what is revealed after it.
mod class_runs;

/// What is made of a grade for course systems.
mod converted;

/// Submissions nobody should hand in, and classes that contain them.
mod hostile;

/// What course systems demand of each form, and that they would notice.
mod formats;

/// Each criterion moves with its own evidence and with nothing else.
mod moved;

/// Alert rules, before the real promtool.
mod rules;

/// The saved submissions, with their known outcomes.
mod submissions;

/// Reads and grades what is saved.
mod table;
