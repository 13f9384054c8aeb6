//! A Locker: a hardware device with slots into which assets are linked.
//!
//! [`device`] is the hardware as a pure value, [`protocol`] what is asked of it, [`node`] the process
//! around it, which may be slow, unreachable, and late.

pub mod device;
pub mod node;
pub mod protocol;
