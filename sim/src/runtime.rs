//! The runtime around a run: the only file that knows madsim.
//!
//! madsim interposes std's clocks and entropy and forbids threads while a run is inside it, so that a
//! library used in a node cannot reach the real machine; and it keeps the base clock those
//! interposed clocks show. Its network, files, timers, kill and restart are not used, because they do
//! not show the faults we need; nor is its executor, which draws, locks and moves its clock at each
//! poll and lets nobody else choose the order of tasks (see [`crate::scheduler`]).

use std::time::Duration;

use madsim::time::TimeHandle;

/// Does everything in `inside` with real time, entropy and threads out of reach. The seed decides
/// what interposed entropy gives.
pub(crate) fn isolated<T>(seed: u64, inside: impl FnOnce(&BaseClock) -> T) -> T {
    let runtime = madsim::runtime::Runtime::with_seed_and_config(seed, madsim::Config::default());
    runtime.block_on(async { inside(&BaseClock(TimeHandle::current())) })
}

/// The clock that std's interposed clocks show.
pub(crate) struct BaseClock(TimeHandle);

impl BaseClock {
    /// Moves it along with simulated time.
    pub(crate) fn advance(&self, span: Duration) {
        self.0.advance(span);
    }
}
