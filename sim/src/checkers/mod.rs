//! Generic checkers: they read a client history and say whether a consistency promise was kept.
//!
//! Nothing here knows what is being simulated, runs anything, or reads a file. Every checker takes a
//! [`history::History`] (or final reads) and returns a [`verdict::Verdict`] of three values; a checker that runs out of
//! budget, or meets a history that says too little, answers *unknown* and never *held*.
//!
//! Reading order: `verdict` and `history` are the words everything else is written in; `linearizability` judges single
//! objects, `transactions` judges isolation levels; `queue`, `sessions` and `convergence` judge one promise each;
//! `foreign` reads histories that other tools recorded, so that our verdicts can be compared with theirs.

pub mod history;
pub mod verdict;

pub mod linearizability;
pub mod transactions;

pub mod convergence;
pub mod queue;
pub mod sessions;

pub mod foreign;
pub mod interner;

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod specimen;
