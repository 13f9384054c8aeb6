//! A Locker alone: what it does with commands that are repeated, late, taken back, or cut short.
//!
//! Start with [`bench`]: a device and a caller, and what both hold in the end. The other files are
//! data for it, but for [`interleavings`], which needs no world.

/// The verbs: a device, a caller with a script, and what is true at the end.
mod bench;

/// Commands that are repeated, late or taken back, with nothing broken.
mod commands;

/// Power loss at every moment of a command.
mod power_loss;

/// Hardware that fails: jams, bad sensors, doors opened by hand.
mod hardware;

/// Every bug planted in the device is caught by its check.
mod defects;

/// Any interleaving of commands and crashes, on the plain values.
mod interleavings;
