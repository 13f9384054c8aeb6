//! Providers: other people's services that tell Core of what happened there, such as payments; and
//! somebody who would like to.
//!
//! [`config`] is what a scenario says of them, [`payment`] what they tell, [`node`] how they tell it and
//! try again. [`forgery`] is what an attacker makes of messages that were overheard, and [`attacker`]
//! sends it. What Core makes of it all is [`core::incoming`](crate::core::incoming).

pub mod config;

pub mod payment;

pub mod node;
pub mod protocol;

pub mod attacker;
pub mod forgery;
