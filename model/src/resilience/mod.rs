//! What keeps a Core standing while a neighbour fails: bounds on time, on places and on attempts.
//!
//! Each mechanism is a plain value with a transition function, and beside it a thin async shell where
//! nodes need one. In the order in which a request meets them: [`deadline`] (how long it may still
//! take), [`bulkhead`] (how many are served at once), [`breaker`] and around it [`circuit`] (whether a
//! neighbour is asked at all), [`pool`] (over which connection). [`places`] is the counting under
//! bulkhead and pool, [`turn`] the wait for a place. When to try again is the caller's business.

pub mod deadline;

pub mod breaker;
pub mod circuit;

pub mod places;
mod turn;

pub mod bulkhead;
pub mod pool;
