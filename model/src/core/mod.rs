//! Core: the orchestrator. Several stateless instances over one Ledger.
//!
//! [`protocol`] is what is asked, [`node`] the process, [`admission`] its
//! door, [`intake`] a desk where many requests become one transaction. A room for each thing that is asked:
//! [`registration`] and its [`saga`], [`renaming`], [`reading`], [`verification`], [`dead_letters`],
//! [`audit`], [`refusals`], [`escalation`]. [`worker`] takes up what other instances left. [`outbox`]
//! and [`webhooks`] tell others outside. Under them: [`answers`] (idempotency
//! keys), [`lockers`] (commands to devices), [`retry`] (schedules), [`asset`] (words all share),
//! `steps` (what is measured of the synchronous path).

pub mod admission;
pub mod intake;
pub mod node;
pub mod protocol;

pub mod audit;
pub mod dead_letters;
pub mod escalation;
pub mod reading;
pub mod refusals;
pub mod registration;
pub mod renaming;
pub mod saga;
pub mod verification;
pub mod worker;

pub mod outbox;
pub mod webhooks;

pub mod answers;
pub mod asset;
pub mod lockers;
pub mod retry;
mod steps;
