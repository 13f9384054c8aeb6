//! Being on call for LOAD-2024-001: a session that becomes a submission, and a console in front of it.
//!
//! [`session`] is what happens, whether it is typed line by line or at the console: the same words give the same
//! files. The console is a pure value: [`console`] takes keys, [`screen`] draws it into a buffer, and
//! only [`terminal`] knows a terminal. [`form`] asks for a status update, [`completion`] knows the words.

pub mod completion;
pub mod session;

pub mod console;
pub mod form;
pub mod screen;
pub mod terminal;

#[cfg(test)]
mod tests;
