//! Clients: users with their retries, double clicks and mistakes.
//!
//! [`script`] is what they will do, drawn before the run; [`node`] does it and writes the history.

pub mod node;
pub mod script;
