//! Several servers for one Ledger: a primary that writes, replicas that follow it, and who leads when it falls silent.
//!
//! ```text
//!            reports, leases
//!   operator <───────────────> server (primary) ──── commits, in order ────> server (replica)
//!                                  ▲                                             ▲
//!                                  └── writes, strong reads       session and eventual reads
//! ```
//!
//! A replica asks the primary for what follows the end of its own log ([`outbox`] holds it), makes it durable, and
//! applies it some time later, so it shows the store as it was. By asking for more it tells how far it is durable;
//! in *synchronous* mode the primary confirms a commit once every replica of the set [`in_sync`] is that far.
//!
//! The [`operator`] names the primary. Each reign is an *epoch*, counted upwards ([`epochs`]; PostgreSQL says
//! timeline), and lasts as long as the primary's [`lease`] is renewed. A primary without a lease answers nobody, and
//! one that learns of a later epoch ends itself and comes back as a replica: so no two servers ever acknowledge at
//! the same time. What the operator decides by is the plain value [`overseer`].
//!
//! [`server`] is a server's life from start to promotion, [`follower`] its part as a replica, [`leadership`] what a
//! primary has besides the Ledger alone; [`protocol`] is what travels between them, [`config`] what a scenario says.
//! Without replicas none of this exists: the Ledger is one node that asks nobody.

pub mod config;
pub mod protocol;

pub mod server;

pub mod follower;
pub mod leadership;

pub mod epochs;
pub mod in_sync;
pub mod lease;
pub mod outbox;

pub mod bell;

pub mod operator;
pub mod overseer;
