//! What was typed after `proveniq check`.
//!
//! As [`args`](super), of which it is a part: nothing here reads a file.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sim::checkers::foreign::ForeignModel;
use sim::checkers::transactions::Isolation;

use crate::file::wording::did_you_mean;

/// How a history is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HistoryFormat {
    /// Found out from the first characters.
    Auto,
    /// The maps of Clojure, as Jepsen writes them.
    Edn,
    /// The same maps as JSON: one a line, or all in one array.
    Json,
}

/// `proveniq check`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Models, with the operations they know:
  register       read, write                      linearizable; `[key value]` for one of many
  cas-register   read, write, cas [from to]       linearizable
  kv             get, put, delete, cas            linearizable, every value as `[key value]`
  set            add, remove, contains, read      linearizable
  queue          enqueue, dequeue                 linearizable, first in, first out
  total-queue    enqueue, dequeue, drain          loses and duplicates nothing, in any order
  list-append    txn [[:append k v] [:r k [v]]]   transactions, held to --isolation
  rw-register    txn [[:w k v] [:r k v]]          transactions, held to --isolation

A history has two maps per operation, one when it began and one when it ended:
  {:process 0, :type :invoke, :f :put, :value [:x 1]}
  {:process 0, :type :ok,     :f :put, :value [:x 1]}
The second is `ok` when it took effect, `fail` when it certainly did not, and `info`, or missing,
when nobody knows. As JSON: {\"process\":0,\"type\":\"invoke\",\"f\":\"put\",\"value\":[\"x\",1]}

Examples:
  proveniq check history.edn --model kv
  proveniq check history.jsonl --model list-append --isolation snapshot-isolation
  zcat history.edn.gz | proveniq check - --model queue --json

Exit codes: 0 held, 1 violated, 2 not a history of this model, 3 cannot tell.")]
pub struct CheckArgs {
    /// The history; `-` reads it from the standard input.
    pub file: PathBuf,
    /// What the history is about; see the list below.
    #[arg(long, value_name = "MODEL", value_parser = model_named)]
    pub model: ForeignModel,
    /// What transactions are held to; `serializable` when not given.
    ///
    /// One of read-uncommitted, read-committed, snapshot-isolation, repeatable-read, serializable,
    /// strict-serializable.
    #[arg(long, value_name = "LEVEL", value_parser = level_named)]
    pub isolation: Option<Isolation>,
    /// How the history is written.
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    pub format: HistoryFormat,
    /// Print one JSON document (`proveniq/check/v1`) instead of text.
    #[arg(long)]
    pub json: bool,
}

fn model_named(name: &str) -> Result<ForeignModel, String> {
    ForeignModel::named(name).ok_or_else(|| {
        let known = ForeignModel::ALL.map(ForeignModel::name);
        let hint = did_you_mean(name, known, "the models are");
        format!("there is no model `{name}`; {hint}")
    })
}

fn level_named(name: &str) -> Result<Isolation, String> {
    Isolation::named(name).ok_or_else(|| {
        let known = Isolation::ALL.map(Isolation::name);
        let hint = did_you_mean(name, known, "the levels are");
        format!("there is no isolation level `{name}`; {hint}")
    })
}
