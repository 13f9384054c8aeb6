//! What we try: scenario files, the runner, sweeps, replays and the command line.
//!
//! A scenario is read from TOML, run in a world with the system in it, and judged; a report tells
//! the verdict. This crate joins the other three and is the only one that touches files, processes
//! and the terminal.
//!
//! Where to start: [`run::run`] is one whole run. In reading order:
//!
//! 1. [`scenario`] and [`file`](mod@file): what a scenario is, and how it is read;
//! 2. [`seeds`], [`given`], [`setup`] and [`run`]: all a run depends on, and the run;
//! 3. [`determinism`], [`repro`] and [`milestones`]: having a run again;
//! 4. [`shrink`] and [`explain`]: making a failing run small, and saying why it fails;
//! 5. [`sweep`]: many runs, in worker processes; [`property`](mod@property): many runs, in your own tests;
//! 6. [`strategy`] and [`hunt`]: how runs are chosen, and how soon planted bugs are found; [`compare`]: variants of
//!    a scenario in figures;
//! 7. [`submission_folder`] and [`promtool`]: what grading needs of the machine; [`line_file`] and
//!    [`written_by`]: what journals are made of; [`processor_time`]: what work costs;
//! 8. [`labs`]: the system with a learner's configuration, judged; [`on_call`]: the incident at a console;
//! 9. [`program`], [`args`], [`args::compare`], [`args::failing`], [`args::incident`], [`args::lab`], [`commands`], [`failure`],
//!    [`exit_code`], [`output`], [`spinner`]: the command line.

pub mod file;
pub mod scenario;

pub mod given;
pub mod run;
pub mod seeds;
pub mod setup;

pub mod determinism;
pub mod milestones;
pub mod repro;

pub mod strategy;

pub mod compare;
pub mod hunt;

pub mod explain;
pub mod property;
pub mod shrink;
pub mod sweep;

pub mod labs;
pub mod on_call;

pub mod promtool;
pub mod submission_folder;

pub mod line_file;
pub mod processor_time;
pub mod written_by;

pub mod args;
pub mod commands;
pub mod exit_code;
pub mod failure;
pub mod output;
pub mod program;
pub mod spinner;
