//! The system under simulation: Core, Ledger, Lockers, Verify and clients.
//!
//! Nodes are async programs over [`sim::NodeContext`]; the mechanisms in them — stores, logs, devices,
//! retry schedules — are plain synchronous values with tests of their own.
//!
//! Where to start: [`system::System::build`] shows all parts side by side. From there, in the order of
//! a request: [`client`], [`core`], [`ledger`], [`locker`], [`verify`]; [`deployer`] restarts Core while
//! all that goes on. What is told to customers outside is [`webhooks`], who they are [`receiver`];
//! what users see while it happens is [`realtime`], their devices [`listener`]; [`search`] finds things; who
//! tells Core of what happened elsewhere is [`provider`]. What the system promises stands in [`invariants`],
//! the bugs it can be given in [`defects`], the places where faults may strike in [`points`], what it measures
//! in [`metrics`], who
//! is woken by it in [`alerts`], its sizes and speeds in [`config`], its failure codes in [`failure`].
//! [`inspection`] reads how it all ended; [`journal`] is the log format of the devices, [`resilience`]
//! what keeps a Core standing while a neighbour fails.

pub mod system;

pub mod alerts;
pub mod client;
pub mod core;
pub mod ledger;
pub mod locker;
pub mod verify;

pub mod provider;
pub mod receiver;
pub mod webhooks;

pub mod listener;
pub mod realtime;
pub mod search;

pub mod deployer;

pub mod resilience;

pub mod config;
pub mod failure;
pub mod ids;
pub mod journal;
pub mod metrics;
pub mod points;

pub mod defects;
pub mod incident;
pub mod inspection;
pub mod invariants;

pub use system::System;
