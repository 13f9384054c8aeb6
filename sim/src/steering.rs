//! Steering: how a run is led away from what its seeds alone would give.
//!
//! Seeds say what chance does; steering says where somebody who explores wants it otherwise: no
//! chance in how long things take, another future from some moment on, or single entries of the
//! agenda put off. A run is still a function of its inputs, of which this is one. Who decides what
//! to steer stands outside this crate.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::SimTime;

/// What of a run is otherwise than its seeds say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steering {
    /// Whatever has a latency table takes its median, until another future begins. Jitter and the order
    /// of tasks stay drawn.
    pub calm: bool,
    /// All chance from a moment on comes from elsewhere.
    pub future: Option<Future>,
    /// Entries of the agenda that are put off once, by the step at which they would have happened;
    /// ascending.
    pub put_off: Vec<PutOff>,
}

/// Another future: until `from` all is as it was, event for event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Future {
    /// The first moment at which chance is another.
    pub from: SimTime,
    /// Which of the futures.
    pub seed: u64,
}

/// A change point: whatever is due at a step is due later instead, and all others go before it.
///
/// That is the change of priority of probabilistic concurrency testing (Burckhardt, Kothari,
/// Musuvathi, Nagarakatte: "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs",
/// ASPLOS 2010), in a world with clocks: what loses its priority cannot wait for ever, since the
/// others would see it time out, so it waits for a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutOff {
    /// Which entry: how many were brought before it.
    pub step: u64,
    /// How long it waits, in milliseconds.
    pub by_ms: u64,
}

impl Steering {
    /// A run as its seeds give it.
    pub const NONE: Steering = Steering {
        calm: false,
        future: None,
        put_off: Vec::new(),
    };

    /// How long the entry at a step waits, when it does.
    pub(crate) fn put_off_at(&self, step: u64) -> Option<Duration> {
        let found = self.put_off.binary_search_by_key(&step, |it| it.step);
        found
            .ok()
            .map(|position| Duration::from_millis(self.put_off[position].by_ms))
    }
}
