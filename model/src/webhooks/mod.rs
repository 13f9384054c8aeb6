//! Webhooks: what the system tells its customers' machines, and what it believes of others'.
//!
//! Everything here is a plain value with a transition function; who sends is
//! [`core::webhooks`](crate::core::webhooks), who receives is [`receiver`](crate::receiver). In the
//! order of a delivery's life: [`event`] (what is told), [`endpoint`] (to whom, and what an answer
//! means), [`ordering`] (what must wait for what), [`schedule`] (when to try, and how often),
//! [`signature`] (how the receiver knows who speaks), [`delivery`] (what becomes of it).
//! [`incoming`] is the other direction: what is looked at before somebody else's webhook is believed.
//! [`config`] is what a scenario says of all this.

pub mod config;

pub mod delivery;
pub mod endpoint;
pub mod event;
pub mod ordering;
pub mod schedule;

pub mod incoming;
pub mod signature;
