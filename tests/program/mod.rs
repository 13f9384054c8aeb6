//! The program as people and CI meet it: the real binary, its output, its exit codes.

/// Bad input: a message with place and hint, exit code 2, nothing half-written.
mod bad_input;

/// Builds and calls the real program; no tests of its own.
pub mod binary;

/// Histories that no simulation made, judged by the program.
mod check;

/// Files a run leaves for other tools.
mod export;

/// Hunts of planted bugs.
mod hunt;

/// Journals, and seeds that failed before: files that outlive a call.
mod journals;

/// Sweeps whose later runs are led by what earlier ones showed.
mod led_sweeps;

/// What a run prints, for people and for machines.
mod output;

/// Saved runs, had again.
mod repro;

/// Many seeds over worker processes.
mod sweep;
