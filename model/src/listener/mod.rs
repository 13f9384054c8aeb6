//! Listeners: the devices on which users see what happens while it happens.
//!
//! [`node`] is a device: it keeps one stream open to some instance of Core, and comes back with the number
//! of its last notification when the stream is over. [`reading`] is its user, who marks what was shown.
//! [`protocol`] is what a device is asked.

pub mod node;
pub mod protocol;
pub mod reading;
