//! A Locker: a device with slots into which physical assets are linked.
//!
//! It is two things, and they fail apart. The hardware is latches, tags and sensors; it stays as it
//! is when the power fails. The process that moves it has a memory, which a crash takes, and a
//! journal on its disk, which a crash leaves.
//!
//! Where to start: [`protocol`] is what is asked of it. [`controller`] decides what a command comes
//! to, with [`command`] as its journal's entries and [`memory`] as what it remembers of operations;
//! it moves the [`hardware`], whose [`doors`] people open and whose sensors give [`evidence`]. All of
//! these are pure values. [`trouble`] says what goes wrong physically, [`writer`] makes the journal durable, and [`node`] is the process
//! around it all, which may be slow, unreachable, and late.

pub mod protocol;

pub mod command;
pub mod controller;
pub mod memory;

pub mod doors;
pub mod evidence;
pub mod hardware;
pub mod trouble;

pub mod node;
pub mod writer;
