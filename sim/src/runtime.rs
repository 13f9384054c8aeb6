//! The task runtime: the only file that knows madsim.
//!
//! madsim supplies an executor that picks the next ready task by a seeded generator, a base clock,
//! and the interposition of std time and entropy, so that a library used inside a node cannot reach
//! the real machine. Nothing else of it is used: network, files, timers, kill and restart are ours,
//! because its own do not show the faults we need. Another executor could stand behind these three
//! functions.

use std::future::Future;
use std::time::Duration;

/// Runs a future to its end on this thread; the seed decides which ready task runs next.
///
/// # Panics
/// When every task waits and nothing can ever wake one: the world's driver never lets that happen.
pub(crate) fn block_on<F: Future>(seed: u64, future: F) -> F::Output {
    madsim::runtime::Runtime::with_seed_and_config(seed, madsim::Config::default()).block_on(future)
}

/// Adds a task.
pub(crate) fn spawn(task: impl Future<Output = ()> + 'static) {
    // Dropping the handle detaches the task.
    drop(madsim::task::spawn_local(task));
}

/// Moves the base clock, which only std's interposed clocks show, along with simulated time.
pub(crate) fn advance(span: Duration) {
    madsim::time::advance(span);
}
