//! Scenarios: each built-in one shows what it claims to show, and does so the same way every time.

mod core_crash;
mod golden;
mod happy_path;
mod locker_timeout;
mod run_once;
