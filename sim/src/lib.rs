//! The world: machines, network, disks, clocks and faults, simulated deterministically.
//!
//! This crate knows nothing of the system that runs in it. A run is a function of its
//! configuration, the nodes' programs and a plan of faults: the same inputs give the same
//! [`Fingerprint`](record::fingerprint::Fingerprint), on any machine, in any process, on any thread.
//!
//! Where to start: [`world::run`] is a whole run. From there, in reading order:
//!
//! 1. [`world`], [`node`], [`process`], [`task`]: who runs, and what a node may reach;
//! 2. [`agenda`], [`scheduler`], [`runtime`]: how time passes, and who runs next;
//! 3. [`network`], [`disk`], [`clock`]: the devices;
//! 4. [`fault`]: what goes wrong, as data;
//! 5. [`random`], [`latency`], [`ratio`], [`steering`], [`time`]: the plain values under it all;
//! 6. [`record`], [`check`], [`alert`]: what a run leaves, how it is judged, and what of it would wake somebody;
//! 7. [`determinism`]: how two runs are compared;
//! 8. [`checkers`]: consistency promises that need no simulation, judged over any client's history.

#[cfg(not(madsim))]
compile_error!(
    "madsim runs on real time without `--cfg madsim`. The repository's .cargo/config.toml sets it; \
     a RUSTFLAGS variable in the environment replaces that file, so unset it or add `--cfg madsim` to it."
);

pub mod world;

pub mod node;
mod process;
mod recorder;
mod task;

mod agenda;
mod agenda_entry;
mod panic;
mod runtime;
mod scheduler;

pub mod clock;
pub mod disk;
pub mod network;

pub mod fault;

pub mod latency;
pub mod random;
pub mod ratio;
pub mod steering;
pub mod time;

pub mod alert;
pub mod check;
pub mod checkers;
pub mod determinism;
pub mod nearest;
pub mod record;

pub use node::{NodeContext, NodeId};
pub use recorder::Recorder;
pub use time::SimTime;
pub use world::{World, WorldConfig, run};
