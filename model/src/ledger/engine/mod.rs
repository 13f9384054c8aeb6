//! A transactional store that behaves like PostgreSQL 15, as a pure synchronous value.
//!
//! What it is: multi-version rows, the three isolation levels PostgreSQL implements, row locks and their
//! queues, unique and foreign keys that wait, deadlock detection, time-outs, a write-ahead log. What it is
//! not: SQL text, joins, savepoints, a file or a clock. Its likeness to the real server is
//! measured by the tests.
//!
//! Start at [`serving::Engine`]; then read `statement` (what can be asked), `executor` (how a statement
//! runs), `row_locks` (who waits for whom), `serializable` (who fails for what was read), `log`, and `standby`
//! (a store that follows another's log).

pub mod config;
pub mod error;
pub mod scalar;
pub mod schema;
pub mod serving;
pub mod statement;
pub mod value;

mod access;
mod commit;
mod deadlock;
mod executor;
mod expression;
mod foreign_keys;
mod heap;
mod image;
mod index;
mod insert;
mod key;
mod locks;
pub mod log;
mod predicate_locks;
mod reading;
mod row_locks;
mod select;
mod serializable;
mod session;
pub mod standby;
mod sweep;
mod timers;
mod transaction;
mod update;
mod validation;
mod writing;

pub use config::{EngineConfig, WakeOrder};
pub use error::{SqlError, SqlState};
pub use heap::Tid;
pub use predicate_locks::Granularity;
pub use serving::{Completion, Engine, Reply};
pub use session::{SessionId, SessionTimeouts};
pub use standby::{Standby, StandbyError};
pub use transaction::Xid;
pub use value::{Row, Value, ValueType};
