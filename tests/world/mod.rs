//! The world behaves: machines, network, disks and clocks, with each fault and without.
//!
//! Start with [`stage`] (how a test runs) and [`cast`] (the programs on it); the other files are
//! data for them, by device.

/// The verbs: put programs on a stage, let faults strike, read what was said.
pub mod stage;

/// The programs that tests put on a stage, and the scenes made of them.
pub mod cast;

/// The catalogue: every kind of fault shows its effect, and none when it is off.
mod faults;

/// Messages: latency, order, loss, duplication, partitions, what callers learn.
mod network;

/// Files: what survives a crash, and what a failed or slow disk does.
mod disk;

/// Lives: crash, restart, pause, slowness, handles of the dead.
mod process;

/// Clocks: skew, drift, jumps, and timers under them.
mod clock;

/// Fault points: strikes at the nth passing of a place in the code.
mod points;

/// Healing: every fault ends, and none begins again.
mod heal;

/// Where a run ends that does not end by itself, and what the world finds fault with.
mod bounds;

/// What a node sees that watches the metrics of others.
mod scrapes;

/// Captured `tracing` lines.
mod log;
