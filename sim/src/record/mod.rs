//! The record: all that a run leaves behind, and all that a check may read.
//!
//! Start with [`Record`]. The parts, in the order in which they come to be: the [`trace`] (what
//! happened), its [`fingerprint`], the [`history`] (what clients saw), [`note`]s of nodes, [`metrics`]
//! with their [`description`]s and [`scrapes`], [`log`] lines, [`finding`]s of the world itself, and
//! [`facts`] read when all is quiet. [`value`] is the form in which business data appears here, and [`value_map`] its named values.

pub mod description;
pub mod facts;
pub mod finding;
pub mod fingerprint;
pub mod history;
pub mod log;
pub mod metrics;
pub mod note;
pub mod scrapes;
pub mod trace;
pub mod value;
pub mod value_map;

use std::collections::{BTreeMap, BTreeSet};

use crate::check::objective::Objective;
use crate::fault::Plan;
use crate::node::NodeId;
use crate::random::Lineage;
use crate::record::facts::Facts;
use crate::record::finding::Finding;
use crate::record::fingerprint::{Checkpoint, Fingerprint};
use crate::record::history::History;
use crate::record::log::LogLine;
use crate::record::metrics::Metrics;
use crate::record::note::Note;
use crate::record::trace::Trace;
use crate::recorder::Recorder;
use crate::time::SimTime;

/// How a run came to its end.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The director finished its script.
    Finished,
    /// The agenda ran empty while the director still waited: nothing could ever happen again.
    Stalled,
    /// More happened than the run's step bound allows.
    StepBound,
    /// Simulated time passed the run's bound.
    TimeBound,
}

impl Ending {
    /// The ending in a sentence a person can act on; nothing for a run that simply finished.
    pub fn trouble(&self) -> Option<&'static str> {
        match self {
            Ending::Finished => None,
            Ending::Stalled => {
                Some("the run stalled: nothing was due any more, yet it was not finished")
            }
            Ending::StepBound => Some("the run exceeded its step bound (`bounds.steps`)"),
            Ending::TimeBound => {
                Some("the run exceeded its simulated-time bound (`bounds.time_ms`)")
            }
        }
    }
}

/// Everything a run leaves behind.
#[derive(Clone, Debug)]
pub struct Record {
    /// The names of all nodes, by [`NodeId`].
    pub nodes: Vec<String>,
    /// What clients saw.
    pub history: History,
    /// Everything that happened; empty when the run did not keep it.
    pub trace: Trace,
    /// What nodes said of themselves, in the order of time.
    pub notes: Vec<Note>,
    /// What was measured.
    pub metrics: Metrics,
    /// What the system said of itself at the end.
    pub facts: Facts,
    /// What was still unfinished when the run gave up waiting; nothing when it never got there.
    pub pending: Option<Vec<String>>,
    /// Named interesting states that were reached.
    pub reached: BTreeSet<String>,
    /// Objectives the scenario set.
    pub objectives: Vec<Objective>,
    /// The faults of the run, in the order of their numbers.
    pub plan: Plan,
    /// Which of them really took hold, by position in the plan.
    pub struck: BTreeSet<u32>,
    /// The first bits that each named stream gave, when the run was told to note them.
    pub draws: BTreeMap<(Lineage, String), u64>,
    /// What no node may do, yet one did.
    pub findings: Vec<Finding>,
    /// Captured log lines.
    pub log: Vec<LogLine>,
    /// The identity of the run.
    pub fingerprint: Fingerprint,
    /// The fingerprint along the way.
    pub checkpoints: Vec<Checkpoint>,
    /// How many events there were, kept or not.
    pub events: u64,
    /// How much simulated time passed.
    pub simulated: SimTime,
    /// How the run ended.
    pub ending: Ending,
}

impl Record {
    /// A record of observations alone, without a run: what the fixtures of checks are made of.
    pub fn observed(observations: Recorder) -> Record {
        let (nodes, log) = (Vec::new(), Vec::new());
        let (plan, struck) = (Plan::default(), BTreeSet::new());
        observations.into_record(nodes, plan, struck, log, SimTime::START, Ending::Finished)
    }

    /// A node's name.
    pub fn node_name(&self, node: NodeId) -> &str {
        self.nodes.get(node.index()).map_or("?", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::Ending;

    #[test]
    fn only_a_finished_run_is_free_of_trouble() {
        assert_eq!(Ending::Finished.trouble(), None);
        for ending in [Ending::Stalled, Ending::StepBound, Ending::TimeBound] {
            assert!(ending.trouble().is_some());
        }
    }
}
