//! What becomes of two users who change one asset at the same time, from what each of them saw.
//!
//! An edit is a form: its user read a version of the asset ([`fields`]), changed some fields, and sends the
//! whole back. [`merge`] is the three-way merge of such forms and [`decision`] what a strategy makes of an edit
//! that comes too late; both are plain values. [`editing`] does it, in one transaction with a revision of the
//! asset ([`history`]), the audit and the [`notices`] for those who were overtaken. Which strategy and which locking there are
//! is [`config`]. None of it is there without `[system.conflicts]`, tables included. Plain renames, which are
//! told 409 and no more, are [`renaming`](super::renaming).

pub mod config;
pub mod decision;
pub mod editing;
pub mod fields;
pub mod history;
pub mod merge;
pub mod notices;
