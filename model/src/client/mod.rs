//! Clients: users with their retries, double clicks and mistakes, operations people among them.
//!
//! [`script`] is what they will do, drawn before the run, [`intent`] each thing they want; [`node`] does it and
//! writes the history in the form that [`telling`] gives it. [`board`] is what they tell each other,
//! [`notices`] what they are shown of conflicts.

pub mod board;
pub mod intent;
pub mod node;
pub mod notices;
pub mod script;
pub mod telling;
