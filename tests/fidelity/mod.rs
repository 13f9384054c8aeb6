//! The simulator beside arithmetic: where a figure is known in closed form, a run must reproduce it.
//!
//! A world that gets queues, time-outs or chance wrong would teach wrong lessons, however faithful its
//! parts. Each test here lets nodes do what a formula speaks of, with the mechanisms that the system
//! itself uses, and compares. How close is close enough is not chosen: an [`Estimate`](estimate::Estimate)
//! knows its own standard error.
//!
//! The ordinary run takes some seconds. A longer one, N times as long, divides every standard error by √N:
//! `PROVENIQ_FIDELITY_TIMES=20 cargo test --release -p tests fidelity -- --nocapture`

/// What a mean is worth that was measured over so many samples.
mod estimate;

/// A world with nothing in it but latencies of a microsecond.
mod quiet;

/// Requests that come, wait in line for one of some servers, and go.
mod station;

/// Lines before servers: M/M/1, M/M/c, M/D/1, Little's law, and Erlang's loss formula.
mod queueing;

/// The shorter of two queues.
mod choices;

/// Requests that need many answers, and requests that are sent twice.
mod tail;

/// Requests that are tried again, at one layer and at three.
mod retries;

/// Writers that get in each other's way, and how they wait.
mod backoff;

/// An overload that outlives its cause.
mod metastable;

/// One row that everybody writes.
mod contention;

/// How many times the ordinary number of samples is taken.
#[expect(
    clippy::disallowed_methods,
    reason = "how long a test runs is for whoever starts it; what it simulates does not depend on it"
)]
fn times() -> u64 {
    match std::env::var("PROVENIQ_FIDELITY_TIMES") {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("PROVENIQ_FIDELITY_TIMES is a whole number, not {text:?}")),
        Err(_) => 1,
    }
}
