//! Core's edge: what a request passes before anything is done for it.
//!
//! [`door`] is where a request comes in. It asks a [`bucket`] whether its sort comes too fast (429), and a [`gate`]
//! whether there is a place, now or after a wait; a request that finds none, or has to make room for a more
//! important one, is told at once when to come back (503). How many are let in at once is an [`adaptive`] limit
//! where the configuration says so. Gate, bucket and limit are plain values. Without `[system.edge]` every
//! request is let in.

pub mod config;
pub mod door;

pub mod adaptive;
pub mod bucket;
pub mod gate;
