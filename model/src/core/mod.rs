//! Core: the orchestrator. Several stateless instances over one Ledger.
//!
//! [`protocol`] is what is asked, [`node`] the process, [`edge`] what a request passes first, [`intake`] a desk
//! where many requests become one transaction. A room for each thing that is asked: [`registration`] and its
//! [`saga`], [`renaming`], [`reading`] and its [`cache`], [`verification`], [`dead_letters`], [`conflicts`] of
//! edits, [`audit`], [`refusals`], [`escalation`], [`incoming`]. [`worker`] takes up what other instances left.
//! [`outbox`], [`webhooks`], [`realtime`] and [`search`] tell others of what happens. Under them: [`answers`] (idempotency
//! keys), [`lockers`] (commands to devices), [`retry`] (schedules), [`asset`] (words all share),
//! `steps` (what is measured of the synchronous path).

pub mod intake;
pub mod node;
pub mod protocol;

pub mod audit;
pub mod cache;
pub mod conflicts;
pub mod dead_letters;
pub mod edge;
pub mod escalation;
pub mod incoming;
pub mod reading;
pub mod refusals;
pub mod registration;
pub mod renaming;
pub mod saga;
pub mod verification;
pub mod worker;

pub mod outbox;
pub mod realtime;
pub mod search;
pub mod webhooks;

pub mod answers;
pub mod asset;
pub mod lockers;
pub mod retry;
mod steps;
