//! Realtime: what a user is told while it happens, and can read again later.
//!
//! A notification is stored for each user it is for, under a number that counts that user's
//! notifications; a session of the user is sent all of them in the order of their numbers, over whatever
//! instance it is connected to. The parts are plain values: [`audience`] tells whom an event concerns,
//! [`notification`] what is stored and what reading it means, [`outlet`] is the sending end of a session,
//! [`reader`] the receiving end, [`config`] the scenario's table. Who uses them is
//! [`core::realtime`](crate::core::realtime) and [`listener`](crate::listener).

pub mod audience;
pub mod config;
pub mod notification;
pub mod outlet;
pub mod reader;
