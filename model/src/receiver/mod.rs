//! Receivers: the customers' machines that hear of events. Strangers wrote them.
//!
//! [`protocol`] is what they are asked, [`behaviour`] what they do with it, as a pure value whose
//! figures a scenario gives; [`node`] is the process, [`owner`] the person behind it, who exchanges the
//! secret and asks for the endpoint back after an outage.

pub mod behaviour;
pub mod node;
pub mod owner;
pub mod protocol;
